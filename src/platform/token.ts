/** Where the workspace token comes from, and the way to a newer one after a 401 (T18). */
import { readFile, stat } from "node:fs/promises";
import type { Clock } from "../shared/clock.ts";
import { codeOf, messageOf, MoleculeError } from "../shared/errors.ts";
import type { Secrets } from "../shared/secrets.ts";
import { checkToken } from "./check-token.ts";

/** How long a rotated token may take to arrive in its file. */
const FILE_PATIENCE_MS = 60_000;
const FILE_LOOK_MS = 1_000;

/** The bearer of the moment and where it came from. */
export class Token {
  readonly #secrets: Secrets;
  readonly #file: string | undefined;
  #value: string | undefined;
  /** For messages: "--token", "MOLECULE_WORKSPACE_TOKEN", "the file …". */
  origin: string;

  constructor(secrets: Secrets, value: string | undefined, origin: string, file?: string) {
    this.#secrets = secrets;
    this.#value = value;
    this.#file = file;
    this.origin = origin;
    secrets.add(value);
  }

  /** Reads a token file. Throws a MoleculeError that names the file, never its contents. */
  static async fromFile(path: string, secrets: Secrets): Promise<Token> {
    return new Token(secrets, await readTokenFile(path), `the file ${path}`, path);
  }

  /** It was read from a file, where a newer one may come. */
  get mayChange(): boolean {
    return this.#file !== undefined;
  }

  get value(): string | undefined {
    return this.#value;
  }

  /** Takes over a token that the platform handed out. */
  adopt(value: string, origin: string): void {
    this.#secrets.add(value);
    this.#value = value;
    this.origin = origin;
  }

  /**
   * After a 401: looks for a token other than the refused one, in a file for up to a minute when
   * `wait` is set. Resolves with whether there is a new one.
   */
  async renew(
    refused: string | undefined,
    clock: Clock,
    wait: boolean,
    signal?: AbortSignal,
  ): Promise<boolean> {
    if (this.#value !== refused) return true;
    if (this.#file === undefined) return false;
    const end = clock.monotonic() + (wait ? FILE_PATIENCE_MS : 0);
    for (;;) {
      // A file that is being replaced may be missing or empty for a moment.
      const found = await readTokenFile(this.#file).catch(() => undefined);
      if (found !== undefined && found !== refused) {
        this.adopt(found, this.origin);
        return true;
      }
      if (clock.monotonic() >= end || signal?.aborted) return false;
      await clock.sleep(FILE_LOOK_MS, signal);
    }
  }
}

/** Whether others than the owner may read the file (POSIX modes; false where there are none). */
export async function isReadableByOthers(path: string): Promise<boolean> {
  if (process.platform === "win32") return false;
  return ((await stat(path)).mode & 0o044) !== 0;
}

async function readTokenFile(path: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new MoleculeError(
      `the token file ${path} can't be read (${codeOf(error) ?? messageOf(error)})`,
      {
        hint: "Name a file that holds the token and nothing else, and that you can read.",
        cause: error,
      },
    );
  }
  return checkToken(text, `the token file ${path}`);
}
