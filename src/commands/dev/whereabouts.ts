/** Command lines that find a platform of `molecule dev`, for people to paste. */
import type { SeededWorkspace } from "../../dev/seed.ts";
import { shellWord } from "../../shared/shell-word.ts";

/** What a command has to be told of the platform. */
export interface Whereabouts {
  url: string;
  port: number;
  /** What its callers have to name, if anything. */
  tenantOrg: string | undefined;
  /** Where bridges keep their state, where they would not do so by themselves. */
  stateDir: string | undefined;
}

/** The flags by which a command finds it, each after a space; none where it finds it by itself. */
export function placeOf({ port, url, tenantOrg }: Whereabouts): string {
  const address = port === 8080 ? "" : ` --api-url ${url}`;
  return tenantOrg === undefined ? address : `${address} --org-id ${shellWord(tenantOrg)}`;
}

/**
 * Connects a program that is on every machine as the workspace's agent. Without the file of its token: that is
 * kept where connect finds it.
 */
export function connectLine(
  { id, tokenFile }: Pick<SeededWorkspace, "id"> & Partial<SeededWorkspace>,
  at: Whereabouts,
): string {
  const token = tokenFile === undefined ? "" : ` --token-file ${shellWord(tokenFile)}`;
  const state = at.stateDir === undefined ? "" : ` --state-dir ${shellWord(at.stateDir)}`;
  return `molecule connect ${id}${placeOf(at)}${token}${state} ${ANY_BACKEND}`;
}

/** A backend that needs no account, and no program that is not there. */
export const ANY_BACKEND = "--backend exec --backend-opt cmd='tr a-z A-Z'";
