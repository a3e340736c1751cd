/** What an agent answers beside text, as files that go with the answer. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { safeFileName } from "../../shared/file-name.ts";
import { get, getString, type JsonObject } from "../../shared/json.ts";
import type { Secrets } from "../../shared/secrets.ts";
import { admitFiles } from "../answer-files.ts";
import type { AnswerFile } from "../backend.ts";

export interface SavedFiles {
  files: AnswerFile[];
  /** One sentence each on what was left out, and why. */
  notes: string[];
}

export interface Places {
  /** Where the agent works. */
  cwd: string;
  /** Undefined where no file can go with the answer. */
  answerFolder: string | undefined;
}

/**
 * Writes what the blocks hold into the answer folder, and takes the files that they name where those may
 * be shown (see {@link admitFiles}). Never rejects.
 */
export async function saveFiles(
  blocks: readonly JsonObject[],
  { cwd, answerFolder }: Places,
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
      const saved = await save(bytes, fileName(block), answerFolder);
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
function fileName(block: JsonObject): string {
  const uri = getString(block, "uri") ?? getString(get(block, "resource"), "uri") ?? "";
  const path = uri.split(/[?#]/)[0] ?? "";
  if (path !== "" && !path.endsWith("/")) return safeFileName(path);
  const [kind = "", type = ""] = (mimeOf(block) ?? "").split("/");
  const ending = /^[a-z0-9]{1,10}/.exec(type)?.[0];
  const stem = kind === "image" || kind === "audio" ? kind : "file";
  return ending === undefined ? stem : `${stem}.${ending}`;
}

/** Under its name, or one like it where that is taken; undefined where it can't be written. */
async function save(
  bytes: Uint8Array | string,
  name: string,
  folder: string,
): Promise<string | undefined> {
  for (let n = 1; n <= 100; n++) {
    const path = join(folder, n === 1 ? name : `${n}-${name}`);
    try {
      // Never over or through something that is there: the agent may have put a link.
      await writeFile(path, bytes, { flag: "wx", mode: 0o600 });
      return path;
    } catch (error) {
      if ((error as { code?: string }).code !== "EEXIST") return undefined;
    }
  }
  return undefined;
}

function localPath(uri: string | undefined): string | undefined {
  if (uri === undefined || !uri.startsWith("file://")) return undefined;
  try {
    return fileURLToPath(uri);
  } catch {
    return undefined;
  }
}
