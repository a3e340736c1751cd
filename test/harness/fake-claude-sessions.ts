/** Where the stand-in for Claude Code keeps its sessions: by folder, as the real one does. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The file of a session. */
export function sessionPath(folder: string, id: string, cwd: string): string {
  return join(folder, "projects", cwd.replace(/[^a-z0-9]/gi, "-"), `${id}.jsonl`);
}

/** What was said in it. */
export function promptsIn(path: string): string[] {
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => String(JSON.parse(line)));
}

/** The text of a file; empty where there is none. */
export function readIf(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}
