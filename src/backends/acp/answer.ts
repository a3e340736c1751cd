/** What becomes of what an agent said: an answer, its files, and words for what it lacks. */
import { saveFiles } from "./files.ts";
import type { Turn } from "./turn.ts";
import { type AnswerFolders, hasFiles } from "../answer-files.ts";
import type { Outcome } from "../backend.ts";
import type { Secrets } from "../../shared/secrets.ts";

export interface AnswerParts extends AnswerFolders {
  secrets: Secrets;
  onNote(text: string): void;
}

/**
 * The outcome of a prompt that came to its end; not `whole` where the agent ran out of tokens. Files are
 * an answer without a word, be it that they only lie in the answer folder.
 */
export async function compose(
  turn: Turn,
  whole: boolean,
  { secrets, onNote, ...folders }: AnswerParts,
): Promise<Outcome> {
  const said = turn.answer();
  const { files, notes } = await saveFiles(turn.blocks, folders, secrets);
  if (turn.blocksLeftOut > 0) {
    notes.push(
      `left out of the answer: ${turn.blocksLeftOut} files that are too many or too large`,
    );
  }
  for (const note of notes) onNote(note);
  if (said === "" && files.length === 0 && !(await hasFiles(folders.answerFolder))) {
    return turn.blocks.length + turn.blocksLeftOut === 0 ? nothing(whole) : ONLY_FILE;
  }
  const text = whole ? said : `${said}\n\n[cut: the agent reached its limit of tokens]`.trim();
  return files.length === 0 ? { kind: "answer", text } : { kind: "answer", text, files };
}

const ONLY_FILE: Outcome = {
  kind: "answer",
  text: "[The agent answered with a file, which can't be sent here.]",
};

function nothing(whole: boolean): Outcome {
  const why = whole ? "" : ", for it reached its limit of tokens";
  return {
    kind: "failed",
    reason: `the agent ended its work without an answer${why}`,
    told: "the agent gave no answer",
  };
}
