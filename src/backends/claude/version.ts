/** Which Claude Code it is, and whether it is new enough to be relied on. */
import { realpathSync, statSync } from "node:fs";
import { MoleculeError } from "../../shared/errors.ts";
import type { BackendParts } from "../backend.ts";
import { runChild } from "../process/child.ts";

/** From here on a command left in the background does not hang it after its result. */
export const LEAST_VERSION = "2.1.163";

/** From here on it gives its answer whole to a reader that is slow. */
export const GOOD_VERSION = "2.1.214";

/** How long it may take to say its version, in milliseconds: most of it is the machine being busy. */
const ASK_MS = 20_000;

/**
 * Asks a program for its version, once for each file: the probe of a backend that can't work comes every
 * minute.
 */
export class ClaudeVersion {
  readonly #known = new Map<string, string | undefined>();
  readonly #parts: BackendParts;

  constructor(parts: BackendParts) {
    this.#parts = parts;
  }

  /**
   * Throws a MoleculeError where the version of `program` is below {@link LEAST_VERSION}; notes one below
   * {@link GOOD_VERSION}, once. One that can't be read is no reason to refuse the program.
   */
  async require(program: string, env: Record<string, string>): Promise<void> {
    const key = fileOf(program);
    const fresh = !this.#known.has(key);
    const version = fresh ? await this.#ask(program, env) : this.#known.get(key);
    this.#known.set(key, version);
    if (version === undefined) return;
    if (isOlder(version, LEAST_VERSION)) {
      throw new MoleculeError(
        `${program} is Claude Code ${version}, which is too old: ${LEAST_VERSION} or later is needed`,
        { hint: "run `claude update`, or name another one with --backend-opt bin=…" },
      );
    }
    if (fresh && isOlder(version, GOOD_VERSION)) {
      this.#parts.onNote(
        `${program} is Claude Code ${version}, which may cut a long answer off: ${GOOD_VERSION} or later does not`,
      );
    }
  }

  /** What {@link require} has learned of it; undefined where it was not asked, or can't be read. */
  known(program: string): string | undefined {
    return this.#known.get(fileOf(program));
  }

  async #ask(program: string, env: Record<string, string>): Promise<string | undefined> {
    const { clock, secrets } = this.#parts;
    const end = await runChild({
      argv: [program, "--version"],
      cwd: undefined,
      env,
      stdin: "",
      timeoutMs: ASK_MS,
      maxStdout: 1024,
      onStderrLine() {},
      secrets,
      signal: new AbortController().signal,
      clock,
    });
    if (end.kind !== "exited" || end.status !== 0) return undefined;
    return /^\d{1,6}\.\d{1,6}\.\d{1,6}(?![\d.])/.exec(end.stdout.trim())?.[0];
  }
}

function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split(".").map(Number));
  for (let at = 0; at < 3; at++) {
    const difference = (a?.[at] ?? 0) - (b?.[at] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/** What changes when the program is replaced. */
function fileOf(program: string): string {
  try {
    const path = realpathSync(program);
    const { mtimeMs, size } = statSync(path);
    return JSON.stringify([path, mtimeMs, size]);
  } catch {
    return program;
  }
}
