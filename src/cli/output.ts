import { codeOf, MoleculeError, messageOf } from "../shared/errors.ts";
import type { Secrets } from "../shared/secrets.ts";
import { standardError } from "./standard-error.ts";

/** Where a command's words go: data to `out`, everything else to `err`. */
export interface Io {
  /** Writes to standard output; resolves when all of it is written. Throws {@link OutputClosed}. */
  out(text: string): Promise<void>;
  /** Writes one line to standard error, without waiting for anybody to read it. */
  err(line: string): void;
  readonly secrets: Secrets;
}

/** Nobody reads the output any more (`| head`): the end of the program, but no failure. */
export class OutputClosed extends Error {
  override readonly name = "OutputClosed";
}

/** The process's own streams. Writes follow each other in the order of the calls. */
export function systemIo(secrets: Secrets): Io {
  let last: Promise<unknown> = Promise.resolve();
  return {
    secrets,
    out(text) {
      const written = last.then(() => writeStdout(text));
      last = written.catch(() => {});
      return written;
    },
    err: (line) => standardError.add(line),
  };
}

/** The same streams with every known secret masked. */
export function maskedIo({ out, err, secrets }: Io): Io {
  return {
    secrets,
    out: (text) => out(secrets.mask(text)),
    err: (line) => err(secrets.mask(line)),
  };
}

async function writeStdout(text: string): Promise<void> {
  // Writing nothing would truncate a file that standard output was redirected to.
  if (text === "") return;
  try {
    await Bun.write(Bun.stdout, text);
  } catch (error) {
    // A parent may have given us one end of a socket, which says it in its own way.
    if (["EPIPE", "ECONNRESET"].includes(codeOf(error) ?? ""))
      throw new OutputClosed("standard output is closed");
    throw new MoleculeError(`cannot write to standard output: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
