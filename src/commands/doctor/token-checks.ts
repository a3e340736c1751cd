/** The tokens: where they come from, who else may read them, and whose they are. */
import type { Management } from "../../platform/management.ts";
import { PlatformError } from "../../platform/platform.ts";
import { probeApiToken, probeWorkspaceToken } from "../../platform/probes.ts";
import type { Token } from "../../platform/token.ts";
import { getString } from "../../shared/json.ts";
import { isWorkspaceId } from "../../shared/ids.ts";
import { keptIn } from "../../store/inspection.ts";
import { fromProbe, ok, skipped, together, warning, type Check, type Finding } from "./check.ts";
import type { Patient } from "./patient.ts";
import { NO_WORKSPACE } from "./server-checks.ts";

/** Workspaces that a refused token is tried with, at most. */
const MOST_TRIES = 8;

export const ownToken: Check = {
  name: "token",
  title: "the workspace's token",
  without: "the workspace's token is not accepted",
  network: "also",
  deadlineMs: 8_000,
  async run(patient) {
    const { token, notes } = await patient.ownToken();
    const { workspaceId } = patient;
    const warnings = notes.map((note) => warning(note));
    if (token.value === undefined) return together([none(patient, notes), ...warnings]);
    const untried = workspaceId === undefined ? NO_WORKSPACE : patient.broken.get("tenant");
    if (workspaceId === undefined || untried !== undefined) {
      const why = untried ?? NO_WORKSPACE;
      return {
        ...together([ok(`from ${token.origin}; not tried: ${why}`), ...warnings]),
        breaks: why,
      };
    }
    const platform = await patient.client(token);
    const probe = await probeWorkspaceToken(platform, workspaceId);
    const isRefused = probe.failure?.verdict === "unauthorized";
    const owner = isRefused ? await ownerOf(platform, patient, workspaceId) : undefined;
    const found = fromProbe(probe);
    const finding = owner === undefined ? found : { ...found, ...othersToken(owner, workspaceId) };
    return together([from(token, finding), ...warnings]);
  },
};

export const operatorToken: Check = {
  name: "api-token",
  title: "the operator's token",
  network: "also",
  deadlineMs: 5_000,
  async run(patient) {
    const given = await patient.operatorToken();
    if (given === undefined) return skipped("none is given; `molecule connect` needs none");
    const { token, notes } = given;
    const warnings = notes.map((note) => warning(note));
    const untried = patient.broken.get("tenant");
    const finding =
      untried === undefined
        ? fromProbe(await probeApiToken(await patient.client(token)))
        : ok(`not tried: ${untried}`);
    return together([from(token, finding), ...warnings]);
  },
};

/** With the place where the token was found. */
function from({ origin }: Token, finding: Finding): Finding {
  return { ...finding, detail: `from ${origin}; ${finding.detail}` };
}

/** Notes tell of one that was kept, and can't be used. */
function none(patient: Patient, notes: readonly string[]): Finding {
  const { workspaceId, folder } = patient;
  if (workspaceId === undefined) {
    const kept = keptIn(folder).filter(({ hasToken }) => hasToken);
    const ids = kept.map((one) => one.workspaceId).join(", ");
    const detail = ids === "" ? "none is given or kept" : `kept for ${ids}`;
    return { ...skipped(`${NO_WORKSPACE}; ${detail}`), breaks: NO_WORKSPACE };
  }
  const unseen = patient.isShared ? patient.broken.get("store") : undefined;
  const unkept = notes.length === 0 ? ", and none was kept by an earlier registration" : "";
  return {
    ...warning(
      `none is given${unseen === undefined ? unkept : `; whether one is kept is not known: ${unseen}`}`,
      "Name it with --token-file or MOLECULE_WORKSPACE_TOKEN. Only a workspace that never had a token gets its first one from `molecule connect`.",
    ),
    breaks: "there is no token of the workspace",
  };
}

function othersToken(owner: string, workspaceId: string): Partial<Finding> {
  return {
    detail: `it is the token of workspace ${owner}, not of ${workspaceId}`,
    hint: "Give the id and the token of the same workspace.",
  };
}

/**
 * The workspace that a refused token is of, as far as it can be found: one of which something is kept
 * here, or one that the platform lists for this very token (contract 1.4, revision 1 without an
 * administrator's) or for the operator's. Asks only what changes nothing.
 */
async function ownerOf(
  platform: Management,
  patient: Patient,
  workspaceId: string,
): Promise<string | undefined> {
  const operator = await patient.operatorToken().catch(() => undefined);
  const lists = [
    platform,
    ...(operator === undefined ? [] : [await patient.client(operator.token)]),
  ];
  const ids = new Set(keptIn(patient.folder).map((one) => one.workspaceId));
  for (const list of lists) {
    const rows = await list.workspaces().catch(() => []);
    for (const row of rows) ids.add(getString(row, "id") ?? "");
  }
  ids.delete(workspaceId);
  for (const id of [...ids].filter(isWorkspaceId).slice(0, MOST_TRIES)) {
    try {
      await platform.state(id);
      return id;
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error;
    }
  }
  return undefined;
}
