/** Questions before something that can't be undone. */
import { systemClock } from "../shared/clock.ts";
import { codeOf, MoleculeError, UsageError } from "../shared/errors.ts";
import { oneLine } from "../shared/text.ts";
import type { Io } from "./output.ts";
import { isTerminal } from "./terminal.ts";

/** Who is asked. */
export interface Asked {
  /** Whether there is somebody. */
  present(): boolean;
  /** The next line that is typed, without its end; undefined where the input ends (Ctrl-D). */
  line(): Promise<string | undefined>;
}

/**
 * Resolves when something may be done: at once where `yes` (`--yes`) says so, else when a person at the
 * terminal answers the question ("Remove workspace x?") with y or yes. Throws a MoleculeError for every
 * other answer, and a UsageError where nobody can be asked.
 */
export async function confirm(
  question: string,
  yes: boolean,
  io: Io,
  asked: Asked = atTerminal,
): Promise<void> {
  if (yes) return;
  const prompt = `${oneLine(question, LONGEST_QUESTION)} [y/N]`;
  if (!asked.present()) {
    throw new UsageError(
      `nobody can be asked, as this is no terminal: ${prompt.slice(0, -" [y/N]".length)}`,
      "Add --yes to do it without a question.",
    );
  }
  if (io.live === undefined) io.err(prompt);
  else io.live.show(`${prompt} `);
  const answer = await asked.line();
  if (answer === undefined) {
    // Nothing has ended the line of the question.
    io.live?.show("");
    io.live && io.err(prompt);
  } else io.live?.leave();
  if (/^(y|yes)$/i.test(answer?.trim() ?? "")) return;
  throw new MoleculeError("not confirmed: nothing was changed");
}

/** A question is no place for a message that somebody sent. */
const LONGEST_QUESTION = 500;

/** How long to wait before an input that somebody has made non-blocking is looked at again. */
const PAUSE_MS = 50;

const atTerminal: Asked = {
  present: () => isTerminal(0) && isTerminal(2),
  line: readLine,
};

/** Of a terminal, one read gives a line. Not by `process.stdin`, which costs milliseconds to load. */
async function readLine(): Promise<string | undefined> {
  const { read } = process.getBuiltinModule("node:fs");
  const buffer = new Uint8Array(4_096);
  let text = "";
  for (;;) {
    const count = await new Promise<number>((resolve, reject) => {
      read(0, buffer, 0, buffer.length, null, (error, bytes) => {
        if (error === null) resolve(bytes);
        else if (codeOf(error) === "EAGAIN") resolve(-1);
        else reject(error);
      });
    });
    if (count === 0) return text === "" ? undefined : text;
    if (count < 0) await systemClock.sleep(PAUSE_MS);
    else text += new TextDecoder().decode(buffer.subarray(0, count));
    const end = text.search(/[\r\n]/);
    if (end !== -1) return text.slice(0, end);
  }
}
