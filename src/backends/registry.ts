/**
 * The backends that there are. To add one, write a {@link BackendType} and list it here. Every command
 * loads this for its help: a declaration imports nothing but words, and loads the rest when it creates.
 */
import { UsageError } from "../shared/errors.ts";
import { nearest } from "../shared/nearest.ts";
import { oneLine } from "../shared/text.ts";
import { acp } from "./acp/declaration.ts";
import type { BackendType } from "./backend.ts";
import { claudeCode } from "./claude/declaration.ts";
import { exec } from "./exec/declaration.ts";
import { http } from "./http/declaration.ts";
import { mock } from "./mock/declaration.ts";
import { openai } from "./openai/declaration.ts";

/** In the order in which help lists them. */
export const BACKENDS: readonly BackendType[] = [claudeCode, acp, exec, http, openai, mock];

export const DEFAULT_BACKEND = claudeCode.name;

/** The backend of that name; a UsageError that names the nearest and all of them otherwise. */
export function findBackend(name: string): BackendType {
  const found = BACKENDS.find((type) => type.name === name);
  if (found !== undefined) return found;
  const names = BACKENDS.map((type) => type.name);
  const near = nearest(name, names);
  const meant = near === undefined ? "" : `; did you mean ${near}?`;
  const presets = acp.options.preset?.values ?? [];
  throw new UsageError(
    `there is no backend "${oneLine(name, 60)}"${meant}`,
    presets.includes(name)
      ? `for ${name} choose --backend acp --backend-opt preset=${name}`
      : `the backends are: ${names.join(", ")}`,
  );
}
