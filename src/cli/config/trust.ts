/**
 * Which of the projects' files the operator has trusted: the path without links and the SHA-256 of the
 * content, so that trust ends with the next change, and does not go with the file to another place.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { codeOf, MoleculeError, messageOf } from "../../shared/errors.ts";
import { asObject, get, tryParseJson } from "../../shared/json.ts";

/** The list as it was read. Changes are given as the text to write. */
export class TrustList {
  readonly #files: ReadonlyMap<string, string>;

  constructor(files: Iterable<readonly [path: string, digest: string]>) {
    this.#files = new Map(files);
  }

  /** Reads the list. Throws a MoleculeError where it can't be read, or may not be believed. */
  static read(path: string): TrustList {
    const text = readOwn(path);
    if (text === undefined) return new TrustList([]);
    const files = asObject(get(tryParseJson(text), "files"));
    const entries = Object.entries(files ?? {});
    if (files === undefined || entries.some(([, digest]) => typeof digest !== "string")) {
      throw listError(path, "can't be understood");
    }
    return new TrustList(entries as [string, string][]);
  }

  /** What it says of a file that has this content. */
  of(path: string, digest: string): "trusted" | "untrusted" | "changed" {
    const trusted = this.#files.get(path);
    if (trusted === undefined) return "untrusted";
    return trusted === digest ? "trusted" : "changed";
  }

  /** The text of a list that has the file, too. */
  with(path: string, digest: string): string {
    return render([...this.#files, [path, digest]]);
  }

  /** The text of a list without the file. */
  without(path: string): string {
    return render([...this.#files].filter(([one]) => one !== path));
  }
}

/** The digest that the list keeps of a content. */
export function digestOf(bytes: Uint8Array | string): string {
  return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}

function render(files: readonly (readonly [string, string])[]): string {
  return `${JSON.stringify({ files: Object.fromEntries(files) }, null, 2)}\n`;
}

/** The text; undefined where there is none. Whoever else could write it would trust in our name. */
function readOwn(path: string): string | undefined {
  let fd: number;
  try {
    // Without waiting for the other end of a pipe.
    fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw listError(path, `can't be read (${codeOf(error) ?? messageOf(error)})`);
  }
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw listError(path, "is not a plain file");
    const { uid, mode } = stats;
    const us = process.geteuid?.();
    if (us !== undefined && ((uid !== us && uid !== 0) || (mode & 0o022) !== 0)) {
      throw listError(path, "can be written by others");
    }
    return readFileSync(fd, "utf8");
  } catch (error) {
    if (error instanceof MoleculeError) throw error;
    throw listError(path, `can't be read (${codeOf(error) ?? messageOf(error)})`);
  } finally {
    closeSync(fd);
  }
}

function listError(path: string, what: string): MoleculeError {
  return new MoleculeError(`the list of trusted config files ${path} ${what}`, {
    hint: "Remove it: no more is lost than which files were trusted.",
  });
}
