/** This very program: which it is, and whether it is the one that the name leads to. */
import { realpath } from "node:fs/promises";
import { isAbsolute } from "node:path";
import { childEnv } from "../../backends/process/child-env.ts";
import { COMMIT, NAME, VERSION } from "../../project.ts";
import { oneLine } from "../../shared/text.ts";
import { ok, warning, type Check } from "./check.ts";
import type { Patient } from "./patient.ts";

export const binary: Check = {
  name: "binary",
  title: "this program",
  deadlineMs: 5_000,
  async run(patient) {
    const build = COMMIT === undefined ? VERSION : `${VERSION} (${COMMIT})`;
    const us = `${build}, ${process.platform} ${process.arch}`;
    if (!Bun.isStandaloneExecutable) return ok(`${us}, run from its sources`);
    const found = await firstOnPath(patient);
    if (found === undefined) return ok(`${us}; not on the PATH`);
    if ((await realpath(found)) === (await realpath(process.execPath)))
      return ok(`${us}, ${found}`);
    const version = await versionOf(found, patient);
    if (version === `${NAME} ${build}`) return ok(`${us}; the same build is at ${found}`);
    return warning(
      `${us}; but ${NAME} on the PATH is ${found}, which says ${version === "" ? "nothing" : `"${version}"`}`,
      `Upgrade or remove that one, or put the folder of ${process.execPath} before it in PATH.`,
    );
  },
};

async function firstOnPath({ context: { env } }: Patient): Promise<string | undefined> {
  // Windows writes `Path`; in our copy of the environment a name's case counts.
  const found = Bun.which(NAME, { PATH: env["PATH"] ?? env["Path"] ?? "" });
  return found !== null && isAbsolute(found) ? found : undefined;
}

/** The first line that it answers `--version` with; "" where it says nothing. */
async function versionOf(path: string, { context }: Patient): Promise<string> {
  try {
    const child = Bun.spawn([path, "--version"], {
      env: childEnv({ env: context.env, secrets: context.io.secrets }),
      stdin: "ignore",
      stdout: "pipe",
      stderr: "ignore",
      timeout: 3_000,
      killSignal: "SIGKILL",
      maxBuffer: 16_384,
    });
    return oneLine((await child.stdout.text()).trim().split("\n")[0] ?? "", 100);
  } catch {
    return "";
  }
}
