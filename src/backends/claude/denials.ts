/** What claude may not use, however it is asked: for what strangers write to it. */
import { realpathSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { ClaudeSettings } from "./args.ts";

type Denied = Pick<ClaudeSettings, "permissionMode" | "allowedTools" | "args" | "cwd">;

/**
 * The arguments that deny claude what its permission modes do not keep from it: a shell that nobody has
 * allowed, by which some versions `cat < FILE` any file unasked; and the folder of the transcripts, where
 * it may read those of all conversations, and write what is called its memory. A denial holds whatever
 * else allows the same. `env` is what claude will run in.
 */
export function denials(settings: Denied, env: Record<string, string>): string[] {
  const rules = transcripts(settings, env).flatMap((folder) =>
    ["Read", "Edit"].map((right) => `${right}(${folder}/**)`),
  );
  return [...(mayUseShell(settings) ? [] : ["Bash"]), ...rules].map(
    (rule) => `--disallowedTools=${rule}`,
  );
}

/** Whether the operator has allowed a command at least, or chosen a mode that is about them. */
function mayUseShell({ permissionMode, allowedTools = "", args }: Denied): boolean {
  let mode = permissionMode;
  const allowed = [allowedTools];
  let flag = "";
  for (const arg of args) {
    const [, name, value] = /^(--[\w-]+)(?:=([^]*))?$/.exec(arg) ?? [undefined, undefined, arg];
    flag = name ?? flag;
    if (flag === "--dangerously-skip-permissions") return true;
    if (flag === "--permission-mode") mode = value ?? mode;
    else if (ALLOWING.test(flag)) allowed.push(value ?? "");
  }
  return SHELL_MODES.has(mode) || allowed.some((tools) => /\bBash\b/.test(tools));
}

const ALLOWING = /^--(allowed-?tools|tools)$/i;

const SHELL_MODES: ReadonlySet<string> = new Set(["auto", "bypassPermissions"]);

/** Where claude writes down what is said to it, as a path in a rule: by its name and its real path. */
function transcripts({ cwd }: Denied, env: Record<string, string>): string[] {
  const config = env.CLAUDE_CONFIG_DIR || join(env.HOME || homedir(), ".claude");
  const folder = resolve(cwd ?? ".", config, "projects");
  return [...new Set([folder, realPath(folder)])].map(rulePath);
}

function realPath(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    // Not there yet; its parent may be a link all the same.
    try {
      return join(realpathSync(resolve(folder, "..")), "projects");
    } catch {
      return folder;
    }
  }
}

/**
 * As a rule's pattern from the root (two slashes), in which `C:\` is `/c/`. What can't stand in one is
 * left open (`?`): better one folder too many.
 */
function rulePath(path: string): string {
  const posix = path
    .replace(/^([a-z]):/i, (_, drive: string) => `/${drive.toLowerCase()}`)
    .replaceAll("\\", "/");
  return `/${posix.replace(/[^\w ./@+=~-]/g, "?")}`;
}
