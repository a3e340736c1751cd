/** What an agent answers beside text, as files that go with the answer. */
import { fileURLToPath } from "node:url";
import { safeFileName } from "../../shared/file-name.ts";
import { get, getString, type JsonObject } from "../../shared/json.ts";
import type { Secrets } from "../../shared/secrets.ts";
import { admitFiles, type AnswerFolders } from "../answer-files.ts";
import type { AnswerFile } from "../backend.ts";
import { writeNew } from "../new-file.ts";

export interface SavedFiles {
  files: AnswerFile[];
  /** One sentence each on what was left out, and why. */
  notes: string[];
}

/**
 * Writes what the blocks hold into the answer folder, and takes the files that they name where those may
 * be shown (see {@link admitFiles}). Never rejects.
 */
export async function saveFiles(
  blocks: readonly JsonObject[],
  { cwd, answerFolder }: AnswerFolders,
  secrets: Secrets,
): Promise<SavedFiles> {
  const notes: string[] = [];
  if (blocks.length === 0) return { files: [], notes };
  if (answerFolder === undefined) {
    const what = blocks.length === 1 ? "a file" : `${blocks.length} files`;
    notes.push(`left out of the answer: ${what}, which can only go to the canvas`);
    return { files: [], notes };
  }
  const named: AnswerFile[] = [];
  let remote = 0;
  for (const block of blocks) {
    const bytes = bytesOf(block);
    if (bytes !== undefined) {
      const name = fileName(block, secrets);
      const saved = await writeNew(answerFolder, name, bytes).catch(() => undefined);
      if (saved === undefined) notes.push("left out of the answer: a file that can't be written");
      else named.push({ path: saved, mimeType: mimeOf(block) });
      continue;
    }
    const path = localPath(getString(block, "uri"));
    if (path === undefined) remote++;
    else named.push({ path, name: getString(block, "name"), mimeType: mimeOf(block) });
  }
  if (remote > 0) notes.push("left out of the answer: what it names is no file on this machine");
  const admitted = await admitFiles(named, { cwd, answerFolder }, secrets);
  if (admitted.note !== undefined) notes.push(admitted.note);
  return { files: admitted.files, notes };
}

/** What the block itself holds; undefined where it only names something. */
function bytesOf(block: JsonObject): Uint8Array | string | undefined {
  const resource = get(block, "resource");
  const data = getString(block, "data") ?? getString(resource, "blob");
  if (data !== undefined) return Buffer.from(data, "base64");
  return getString(resource, "text");
}

function mimeOf(block: JsonObject): string | undefined {
  return getString(block, "mimeType") ?? getString(get(block, "resource"), "mimeType");
}

/** The name that it has where it comes from, or one by what it is. */
function fileName(block: JsonObject, secrets: Secrets): string {
  const uri = getString(block, "uri") ?? getString(get(block, "resource"), "uri") ?? "";
  const path = uri.split(/[?#]/)[0] ?? "";
  if (path !== "" && !path.endsWith("/")) return safeFileName(secrets.mask(decoded(path)));
  const [kind = "", type = ""] = (mimeOf(block) ?? "").split("/");
  const ending = /^[a-z0-9]{1,10}/.exec(type)?.[0];
  const stem = kind === "image" || kind === "audio" ? kind : "file";
  return ending === undefined ? stem : `${stem}.${ending}`;
}

/** Without the escapes of an address (RFC 3986, 2.1); as it is where they are none. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function localPath(uri: string | undefined): string | undefined {
  if (uri === undefined || !uri.startsWith("file://")) return undefined;
  try {
    return fileURLToPath(uri);
  } catch {
    return undefined;
  }
}
