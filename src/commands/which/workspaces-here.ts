/** The workspaces that this machine has worked for. */
import { readdir } from "node:fs/promises";
import { isUuid } from "../../shared/ids.ts";

/** Their ids, by the state and token files of the folder; none where it can't be read. */
export async function workspacesHere(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((): string[] => []);
  const ids = names.flatMap((name) => /^(.+)\.(?:json|token)$/.exec(name)?.[1] ?? []);
  return [...new Set(ids.filter(isUuid))].sort();
}
