/** Under which names the files of a message are kept. */
import type { FileRef } from "../../a2a/message.ts";
import { codeOf } from "../../shared/errors.ts";
import { distinctFileNames } from "../../shared/file-name.ts";

/** For each file the name that its sender gave it, made safe, and a plain one; no two are the same. */
export function namesFor(files: readonly FileRef[]): string[][] {
  const given = files.map(({ name, uri }) => name ?? uri ?? "");
  const plain = files.map((_, index) => `file-${index + 1}`);
  const names = distinctFileNames([...given, ...plain]);
  return files.map((_, index) => [names[index] ?? "", names[files.length + index] ?? ""]);
}

/** Tries one name after the other while the file system takes none; rejects as the last try did. */
export async function firstName<T>(
  names: readonly string[],
  keep: (name: string) => Promise<T>,
): Promise<T> {
  let failure: unknown;
  for (const name of names) {
    try {
      return await keep(name);
    } catch (error) {
      if (!isUnnameable(error)) throw error;
      failure = error;
    }
  }
  throw failure;
}

/** Whether the file system does not take the name, safe as it is: its length, or its characters. */
export function isUnnameable(error: unknown): boolean {
  return /^(?:EILSEQ|EINVAL|ENAMETOOLONG)$/.test(codeOf(error) ?? "");
}
