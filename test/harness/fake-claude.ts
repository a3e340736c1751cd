/** A stand-in for Claude Code, to be set to every kind of end (see `fake-claude-program.ts`). */
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promptsIn, readIf, sessionPath } from "./fake-claude-sessions.ts";

/** How a run goes, in the variable FAKE_CLAUDE or the file `do`. `answer` is the plain one. */
export type FakeClaudeKnob =
  | "answer"
  /** Text, tool, text, text: only the last is the answer. */
  | "work"
  /** The answer, then it hangs and ignores SIGTERM. */
  | "hang-after-result"
  /** A result without text. */
  | "wordless"
  /** It exits, and what it started holds its pipes. */
  | "leftover"
  /** Exit 0 and nothing. */
  | "empty"
  | "prose"
  /** An answer of three million characters, after fifty million of a tool's output. */
  | "huge"
  /** The result's line is cut in the middle, and it exits with 0. */
  | "cut"
  /** Killed in its turn: the session is written, and nothing is printed. */
  | "killed"
  /** Interrupted: an error as its result, and exit 0. */
  | "interrupted"
  /** It never ends. */
  | "hang"
  /** The conversation is too long when it is resumed. */
  | "too-long"
  | "too-long-always"
  | "too-long-after-work"
  | "denied"
  | "max-turns"
  | "max-budget"
  | "logged-out"
  | "unreachable"
  | "credit"
  | "no-model"
  | "529"
  | "529-after-work"
  | "401"
  | "403"
  | "429"
  | "500";

/** What one run was given. */
export interface FakeClaudeRun {
  args: string[];
  stdin: string;
  cwd: string;
  env: Record<string, string>;
}

/** A program in the folder, and what its runs were given. */
export function fakeClaude(folder: string, version = "2.1.250 (Claude Code)") {
  const program = join(folder, "claude");
  writeFileSync(
    program,
    `#!/bin/sh\nexec "${process.execPath}" "${join(import.meta.dir, "fake-claude-program.ts")}" "${folder}" "$@"\n`,
  );
  chmodSync(program, 0o755);
  writeFileSync(join(folder, "version"), version);
  return {
    program,
    /** How the runs from now on go. */
    does: (knob: FakeClaudeKnob) => writeFileSync(join(folder, "do"), knob),
    /** What `auth status` prints from now on; until then it is a prompt, as with old versions. */
    says: (login: string) => writeFileSync(join(folder, "login"), login),
    runs(): FakeClaudeRun[] {
      const path = join(folder, "runs.jsonl");
      if (!existsSync(path)) return [];
      return readFileSync(path, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as FakeClaudeRun);
    },
    /** How often it was asked for its version. */
    asked: () => readIf(join(folder, "asked")).length,
    /** The prompts of a session, as claude has them; undefined where it has none. */
    session(id: string, cwd: string): string[] | undefined {
      const path = sessionPath(folder, id, cwd);
      return existsSync(path) ? promptsIn(path) : undefined;
    },
    /** Spoils the file of a session, as a power cut would: it is neither found nor free. */
    spoil: (id: string, cwd: string) => writeFileSync(sessionPath(folder, id, cwd), ""),
  };
}
