/** The backend that would answer, looked at as `connect` does before it starts: never a run that costs. */
import { parseOptions } from "../../backends/options.ts";
import { findBackend } from "../../backends/registry.ts";
import type { Backend, Login } from "../../backends/backend.ts";
import type { Clock } from "../../shared/clock.ts";
import {
  failed,
  failure,
  ok,
  skipped,
  together,
  warning,
  type Check,
  type Finding,
} from "./check.ts";

/** Options that name a server, which a look at such a backend asks. */
const SERVER_OPTIONS = ["url", "base_url"];

const DEADLINE_MS = 15_000;

/** What it may take to end a program that does not say whether it is logged in, in milliseconds. */
const END_MS = 4_000;

export const backend: Check = {
  name: "backend",
  title: "the backend",
  deadlineMs: DEADLINE_MS,
  async run(patient) {
    const { values, context, clock } = patient;
    const notes: string[] = [];
    const { source } = patient.context;
    const began = clock.monotonic();
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
      let login: Login | undefined;
      try {
        if (values.offline && SERVER_OPTIONS.some((name) => options[name] !== undefined)) {
          return skipped(`${type.name} asks a server, and --offline leaves the network out`);
        }
        await made.check();
        const leftMs = DEADLINE_MS - END_MS - (clock.monotonic() - began);
        login = await askLogin(made, clock, leftMs);
      } finally {
        await made.close?.();
      }
      const ready = `${type.name} ${notes.length === 0 ? "is ready" : "can start"}`;
      const warnings = notes.map((note) => warning(note));
      if (login?.kind === "out") {
        const out = chosen(source("backend"), failed(login.reason, login.hint));
        return together([out, ...warnings]);
      }
      return together([ok(`${ready}${wordsOf(login)}`), ...warnings]);
    } catch (error) {
      return chosen(source("backend"), failure(error));
    }
  },
};

/** Asks the backend's program, for no longer than `leftMs`; undefined where there is no login. */
async function askLogin(made: Backend, clock: Clock, leftMs: number): Promise<Login | undefined> {
  const over = new AbortController();
  const done = new AbortController();
  void clock.sleep(leftMs, done.signal).then(() => over.abort());
  try {
    return await made.login?.(over.signal);
  } finally {
    done.abort();
  }
}

/** Behind what else is to be said of a backend that can start. */
function wordsOf(login: Exclude<Login, { kind: "out" }> | undefined): string {
  if (login === undefined) return "";
  if (login.kind === "in")
    return login.as === undefined ? ", logged in" : `, logged in by ${login.as}`;
  return `; whether it is logged in shows with its first message (${login.why})`;
}

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
