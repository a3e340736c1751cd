/** Where the workspace token comes from, and the way to a newer one after a 401 (T18). */
import { stat } from "node:fs/promises";
import type { Clock } from "../shared/clock.ts";
import { isFor, type KeptToken, parseKept } from "../shared/kept-token.ts";
import { readRegular } from "../shared/read-file.ts";
import type { Secrets } from "../shared/secrets.ts";
import { checkToken } from "./check-token.ts";
import { MOST_TOKEN_BYTES, readTokenText } from "./token-text.ts";

/** How long a rotated token may take to arrive in a file that people or other programs write. */
const FILE_PATIENCE_MS = 60_000;
/** And in one that we write ourselves, right after the rotation. */
const KEPT_PATIENCE_MS = 5_000;
const FILE_LOOK_MS = 1_000;

/** The bearer of the moment and where it came from. */
export class Token {
  readonly #secrets: Secrets;
  readonly #file: string | undefined;
  /** How long a newer one may take to come, in milliseconds; 0 where none can. */
  readonly patienceMs: number;
  /** To which a token of the file may be sent; undefined for any. */
  readonly #platform: string | undefined;
  #value: string | undefined;
  /** For messages: "--token", "MOLECULE_WORKSPACE_TOKEN", "the file …". */
  origin: string;

  constructor(
    secrets: Secrets,
    value: string | undefined,
    origin: string,
    file?: { path: string; patienceMs: number; platform?: string },
  ) {
    this.#secrets = secrets;
    this.#value = value;
    this.#file = file?.path;
    this.patienceMs = file?.patienceMs ?? 0;
    this.#platform = file?.platform;
    this.origin = origin;
    secrets.add(value);
  }

  /** Reads a token file. Throws a MoleculeError that names the file, never its contents. */
  static async fromFile(path: string, secrets: Secrets): Promise<Token> {
    const file = { path, patienceMs: FILE_PATIENCE_MS };
    return new Token(secrets, (await readTokenFile(path)).value, `the file ${path}`, file);
  }

  /**
   * A token that this program has kept in a file of its own, as it was read from there. `platform` is the
   * address that it is sent to: a newer one is taken from the file only where it is for that, too.
   */
  static kept(path: string, value: string, platform: string, secrets: Secrets): Token {
    const file = { path, patienceMs: KEPT_PATIENCE_MS, platform };
    return new Token(secrets, checkToken(value, "the kept token"), `the kept file ${path}`, file);
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
   * After a 401: looks for a token other than the refused one, in a file for up to a minute (for five
   * seconds in one that we keep) when `wait` is set. Resolves with whether there is a new one.
   */
  async renew(
    refused: string | undefined,
    clock: Clock,
    wait: boolean,
    signal?: AbortSignal,
  ): Promise<boolean> {
    if (this.#value !== refused) return true;
    if (this.#file === undefined) return false;
    const end = clock.monotonic() + (wait ? this.patienceMs : 0);
    for (;;) {
      // A file that is being replaced may be missing or empty for a moment.
      const found = await this.#read(this.#file).catch(() => undefined);
      if (found !== undefined && found.value !== refused && this.#fits(found)) {
        this.adopt(found.value, this.origin);
        return true;
      }
      if (clock.monotonic() >= end || signal?.aborted) return false;
      await clock.sleep(FILE_LOOK_MS, signal);
    }
  }

  /** One that we keep is a file, and nobody is waited for to write it. */
  async #read(path: string): Promise<KeptToken> {
    if (this.#platform === undefined) return readTokenFile(path);
    return checked(path, (await readRegular(path, MOST_TOKEN_BYTES)).text);
  }

  #fits(found: KeptToken): boolean {
    return this.#platform === undefined || isFor(found, this.#platform);
  }
}

/**
 * Whether others than the owner may read the file (POSIX modes; false where there are none). The group is no
 * other where it is this process's own, and has the number of its user: then nobody else is in it, as with
 * the groups that systems make for each user, and with the `fsGroup` of a pod, which opens its secrets to that group.
 */
export async function isReadableByOthers(path: string): Promise<boolean> {
  if (process.platform === "win32") return false;
  const { mode, gid } = await stat(path);
  const isOwn = gid === process.getgid?.() && gid === process.getuid?.();
  return (mode & (isOwn ? 0o004 : 0o044)) !== 0;
}

/** One that this program keeps is a token file, too, where it is named as such. */
async function readTokenFile(path: string): Promise<KeptToken> {
  return checked(path, await readTokenText(path));
}

function checked(path: string, text: string): KeptToken {
  const { value, platform } = parseKept(text);
  return { value: checkToken(value, `the token file ${path}`), platform };
}
