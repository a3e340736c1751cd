import { codeOf, MoleculeError, messageOf } from "../shared/errors.ts";
import type { Secrets } from "../shared/secrets.ts";
import { standardError } from "./standard-error.ts";

/** Where a command's words go: data to `out`, everything else to `err`. */
export interface Io {
  /** Writes to standard output; resolves when all of it is written. Throws {@link OutputClosed}. */
  out(text: string): Promise<void>;
  /** As `out`, for a text whose every part was masked before it was put together: JSON stays JSON. */
  outMasked?(text: string): Promise<void>;
  /** Writes one line to standard error, without waiting for anybody to read it. */
  err(line: string): void;
  /** As `err`, for a line of JSON or YAML whose every part was masked before. */
  errMasked?(line: string): void;
  /** What may stand behind the last line of standard error. None where nobody would see it. */
  readonly live?: Live;
  /** Whether standard output is the null device, as it is where the program was started without one. */
  readonly isDiscarded?: () => boolean;
  readonly secrets: Secrets;
}

/** A text that is no line yet: a question, or what is going on. For a terminal only. */
export interface Live {
  /** Shows it in place of the one before; "" takes it away. Lines that are told are put above it. */
  show(text: string): void;
  /** Leaves it where it is, once the terminal has gone on to another line. */
  leave(): void;
}

/** The streams of a command: in what it writes, every known secret is masked. */
export interface MaskedIo extends Io {
  /** As `out`, with this one secret left readable: for the one time that the operator asked to see it. */
  reveal(text: string, secret: string): Promise<void>;
  /** As `err`, with this one secret left readable: for the one that would be lost otherwise. */
  revealLine(line: string, secret: string): void;
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
      const written = last.then(() => standardError.hiding(() => writeStdout(text)));
      last = written.catch(() => {});
      return written;
    },
    err: (line) => standardError.add(line),
    live: standardError,
    isDiscarded: () => isNullDevice(1),
  };
}

/** The same streams with every known secret masked. */
export function maskedIo({ out, err, live, isDiscarded, secrets }: Io): MaskedIo {
  return {
    secrets,
    out: (text) => out(secrets.mask(text)),
    outMasked: out,
    err: (line) => err(secrets.mask(line)),
    errMasked: err,
    ...(live === undefined ? {} : { live: maskedLive(live, secrets) }),
    ...(isDiscarded === undefined ? {} : { isDiscarded }),
    reveal: (text, secret) => out(secrets.mask(text, secret)),
    revealLine: (line, secret) => err(secrets.mask(line, secret)),
  };
}

function maskedLive(live: Live, secrets: Secrets): Live {
  return { show: (text) => live.show(secrets.mask(text)), leave: () => live.leave() };
}

function isNullDevice(descriptor: number): boolean {
  const { fstatSync, statSync } = process.getBuiltinModule("node:fs");
  const { devNull } = process.getBuiltinModule("node:os");
  try {
    const there = fstatSync(descriptor);
    return there.isCharacterDevice() && there.rdev === statSync(devNull).rdev;
  } catch {
    return false;
  }
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
