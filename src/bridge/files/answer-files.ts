/** The files of an answer, gathered when its run has ended. */
import type { AnswerFile } from "../../backends/backend.ts";
import { messageOf } from "../../shared/errors.ts";
import { safeFileName } from "../../shared/file-name.ts";
import { oneLine } from "../../shared/text.ts";
import type { Attachment, FolderStore } from "../../store/store.ts";

/** What the platform takes with one message, and of one file (contract 7). */
export const MAX_ATTACHMENTS = 10;
export const MAX_ATTACHMENT_BYTES = 100 * 1024 * 1024;

const SHOWN_NAMES = 5;

export interface Gathered {
  attachments: Attachment[];
  /** What is left out, with the reason for the operator. */
  left: { file: string; reason: string }[];
  /** The same for the asker: names only. */
  note: string | undefined;
}

/**
 * First the named files in their order, then those in the answer folder; each path once. Each is
 * copied, so that nobody changes or removes it, or puts another in its place, before it is uploaded. `taken`: whether
 * any can go with this answer; `found`: whether the backend was given a folder. Never rejects.
 */
export async function gatherFiles(
  files: FolderStore,
  activityId: string,
  named: readonly AnswerFile[],
  { taken, found }: { taken: boolean; found: boolean },
): Promise<Gathered> {
  const attachments: Attachment[] = [];
  const left: Gathered["left"] = [];
  const inFolder = found && taken ? await files.answerFiles(activityId).catch(() => []) : [];
  const wanted = new Map<string, AnswerFile>();
  for (const file of [...named, ...inFolder]) {
    if (!wanted.has(file.path)) wanted.set(file.path, file);
  }
  for (const file of wanted.values()) {
    const name = safeFileName(file.name ?? file.path);
    const refusal = await refuse(file.path, files, taken, attachments.length);
    if (refusal !== undefined) {
      left.push({ file: name, reason: refusal });
      continue;
    }
    try {
      const { path, size } = await files.copy(activityId, file.path);
      const mimeType = file.mimeType ?? typeOf(path);
      attachments.push({ path, name, mimeType, size });
    } catch (error) {
      left.push({ file: name, reason: messageOf(error) });
    }
  }
  return { attachments, left, note: noteOf(left, taken) };
}

/** Why it is left out; undefined where it is not. */
async function refuse(
  path: string,
  files: FolderStore,
  taken: boolean,
  before: number,
): Promise<string | undefined> {
  if (!taken) return "the platform takes files to the canvas only";
  if (before >= MAX_ATTACHMENTS)
    return `the platform takes ${MAX_ATTACHMENTS} files with an answer`;
  const file = await files.look(path);
  if (file === undefined) return "there is no such regular file, or it can't be read";
  if (file.size <= MAX_ATTACHMENT_BYTES) return undefined;
  return `it is larger than ${MAX_ATTACHMENT_BYTES / 1024 / 1024} MiB`;
}

function typeOf(path: string): string | undefined {
  return Bun.file(path).type.split(";")[0] || undefined;
}

function noteOf(left: Gathered["left"], taken: boolean): string | undefined {
  if (left.length === 0) return undefined;
  const names = left.slice(0, SHOWN_NAMES).map(({ file }) => oneLine(file, 100));
  const more = left.length - names.length;
  const list = `${names.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  const why = taken ? "" : "; files can't be sent to another agent";
  const what = left.length === 1 ? list : `${left.length} files`;
  return `(${what} could not be attached${left.length === 1 ? "" : `: ${list}`}${why})`;
}
