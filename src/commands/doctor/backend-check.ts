/** The backend that would answer, looked at as `connect` does before it starts: never a run that costs. */
import { parseOptions } from "../../backends/options.ts";
import { findBackend } from "../../backends/registry.ts";
import { failure, ok, skipped, together, warning, type Check, type Finding } from "./check.ts";

/** Options that name a server, which a look at such a backend asks. */
const SERVER_OPTIONS = ["url", "base_url"];

export const backend: Check = {
  name: "backend",
  title: "the backend",
  deadlineMs: 8_000,
  async run(patient) {
    const { values, context, clock } = patient;
    const notes: string[] = [];
    try {
      const type = findBackend(values.backend);
      const options = parseOptions(type, values.backendOpt);
      const made = await type.create(options, {
        clock,
        secrets: context.io.secrets,
        env: context.env,
        memory: { recall: async () => undefined, remember: async () => {} },
        random: Math.random,
        onNote: (text) => void notes.push(text),
        onStderr() {},
      });
      try {
        if (values.offline && SERVER_OPTIONS.some((name) => options[name] !== undefined)) {
          return skipped(`${type.name} asks a server, and --offline leaves the network out`);
        }
        await made.check();
      } finally {
        await made.close?.();
      }
      return together([
        ok(`${type.name} ${notes.length === 0 ? "is ready" : "can start"}`),
        ...notes.map((note) => warning(note)),
      ]);
    } catch (error) {
      return chosen(patient.context.source("backend"), failure(error));
    }
  },
};

/** Nobody who has chosen none need have the default one. */
function chosen(source: string, finding: Finding): Finding {
  if (source !== "default") return finding;
  return {
    ...finding,
    status: "warning",
    detail: `the default one can't work: ${finding.detail}`,
    hint: finding.hint ?? "Choose another: --backend; `molecule backend list` shows them.",
  };
}
