/** The config files, and where what matters most comes from. */
import { ExitCode } from "../../shared/errors.ts";
import { describeConfig, type FileReport, type ValueReport } from "../../cli/config/describe.ts";
import { failed, ok, together, type Check, type Finding } from "./check.ts";
import type { Patient } from "./patient.ts";

export const config: Check = {
  name: "config",
  title: "the configuration",
  deadlineMs: 3_000,
  async run(patient) {
    const { files, values } = await describeConfig(patient.context);
    const there = files.filter(({ exists }) => exists);
    const names = there.map(({ path, trust }) =>
      trust === "trusted" ? `${path} (trusted)` : path,
    );
    return together([
      ...files.flatMap(problemsOf),
      ...values.flatMap(refusalOf),
      ok(names.length === 0 ? "no config file" : names.join(", ")),
      ok(sources(patient)),
    ]);
  },
};

/** Every other command would end with these. */
function problemsOf({ path, problems }: FileReport): Finding[] {
  return problems.map(({ message, line, hint }) =>
    failed(
      `${line === null ? path : `${path}:${line}`}: ${message}`,
      hint ?? undefined,
      ExitCode.usage,
    ),
  );
}

/** A value that may not be used, as nobody has trusted its file, or that can't be. */
function refusalOf({ problem, source }: ValueReport): Finding[] {
  if (problem === null) return [];
  const hint =
    source === "project"
      ? "Look at what the file says, then: molecule config trust. Until then this goes on without it."
      : undefined;
  return [failed(problem, hint, ExitCode.usage)];
}

function sources({ context }: Patient): string {
  const origin = (name: string) => context.origin(name);
  const token = origin("token") ?? origin("tokenFile");
  const from = (name: string) => {
    const place = origin(name);
    return place === undefined ? "the default" : `from ${place}`;
  };
  const words = token === undefined ? "no token is given" : `the token is from ${token}`;
  return `the address is ${from("apiUrl")}, ${words}, the backend is ${from("backend")}`;
}
