/** What an A2A agent said, made into an answer: its text, and the files that go with it. */
import { filesIn, type FileRef, type MessagePart, textIn } from "../../a2a/message.ts";
import type { Secrets } from "../../shared/secrets.ts";
import { oneLine } from "../../shared/text.ts";
import { saveFile } from "./a2a-files.ts";
import type { AgentTask } from "./a2a-result.ts";
import type { AnswerFile, Outcome } from "../backend.ts";
import { cutText } from "../cut-text.ts";

/** What an answer may be. */
export interface AnswerRules {
  /** Bytes of text. */
  maxAnswer: number;
  answerFolder: string | undefined;
  secrets: Secrets;
}

/** The parts of a finished task that are its answer: artifacts, then what it said at its end. */
export function partsOfTask({ artifacts, status, lastSaid }: AgentTask): MessagePart[][] {
  const groups = [...artifacts, status].filter((group) => group.length > 0);
  // Some agents say all in their history, and end without a word.
  return groups.length > 0 || lastSaid.length === 0 ? groups : [lastSaid];
}

/**
 * An answer of the groups of parts, in their order; declined where they say nothing. Data is written out
 * only where there is no text at all. A file that lies elsewhere becomes a line with its address.
 */
export async function composeAnswer(
  groups: readonly MessagePart[][],
  rules: AnswerRules,
): Promise<Outcome> {
  const texts: string[] = [];
  for (const group of groups) {
    const text = textIn(group).trim();
    // The same words as artifact and as last status are one answer.
    if (text !== "" && !texts.includes(text)) texts.push(text);
  }
  const parts = groups.flat();
  if (texts.length === 0) texts.push(...parts.flatMap(dataText));
  const { files, lines } = await keepFiles(filesIn(parts), rules);
  if (lines.length > 0) texts.push(lines.join("\n"));
  const text = texts.join("\n\n");
  if (text === "" && files.length === 0) {
    return { kind: "declined", reason: "the agent ended well and said nothing" };
  }
  const masked = rules.secrets.mask(text);
  const kept = cutText(masked, rules.maxAnswer, "the agent's answer is longer than");
  return { kind: "answer", text: kept, ...(files.length > 0 ? { files } : {}) };
}

function dataText(part: MessagePart): string[] {
  if (part.kind !== "data") return [];
  try {
    return [JSON.stringify(part.data, null, 2)];
  } catch {
    // Nested too deeply to be written.
    return [];
  }
}

async function keepFiles(
  found: readonly FileRef[],
  { answerFolder, secrets }: AnswerRules,
): Promise<{ files: AnswerFile[]; lines: string[] }> {
  const files: AnswerFile[] = [];
  const lines: string[] = [];
  for (const file of found) {
    const name = secrets.mask(file.name ?? "file");
    const label = oneLine(name);
    if (file.bytes === undefined) {
      if (file.uri !== undefined) lines.push(`${label}: ${oneLine(file.uri, 2000)}`);
      continue;
    }
    const saved =
      answerFolder === undefined
        ? { left: "files can't go with this answer" }
        : await saveFile({ ...file, name }, answerFolder);
    if ("file" in saved) files.push(saved.file);
    else lines.push(`${label}: left out, as ${saved.left}`);
  }
  return { files, lines };
}
