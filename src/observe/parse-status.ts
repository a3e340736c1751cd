/** A process's status as it was written, perhaps by another version: what is not understood is left out. */
import type { WakeState } from "../bridge/events.ts";
import {
  asObject,
  get,
  getArray,
  getNumber,
  getString,
  tryParseJson,
  type JsonObject,
} from "../shared/json.ts";
import type { MessageOutcome, ProcessStatus, StoreCounts, WorkspaceStatus } from "./status.ts";

/** Undefined for what no process of this kind has written. */
export function parseProcessStatus(text: string): ProcessStatus | undefined {
  const json = asObject(tryParseJson(text));
  const pid = getNumber(json, "pid");
  const host = getString(json, "host");
  const at = getTime(json, "at");
  const workspaces = getArray(json, "workspaces");
  if (pid === undefined || host === undefined || at === undefined || workspaces === undefined) {
    return undefined;
  }
  return {
    version: getString(json, "version") ?? "unknown",
    pid,
    identity: getString(json, "identity"),
    host,
    startedAt: getTime(json, "startedAt") ?? at,
    at,
    health: getString(json, "health"),
    workspaces: workspaces.flatMap((one) => parseWorkspace(asObject(one))),
  };
}

function parseWorkspace(json: JsonObject | undefined): WorkspaceStatus[] {
  const workspaceId = getString(json, "workspaceId");
  const state = oneOf(STATES, getString(json, "state"));
  if (json === undefined || workspaceId === undefined || state === undefined) return [];
  const messages = get(json, "messages");
  return [
    {
      workspaceId,
      name: getString(json, "name"),
      backend: getString(json, "backend") ?? "unknown",
      mode: getString(json, "mode") === "push" ? "push" : "poll",
      state,
      troubles: (getArray(json, "troubles") ?? []).filter((one) => typeof one === "string"),
      retryAt: getTime(json, "retryAt"),
      connectedAt: getTime(json, "connectedAt"),
      lastBeatAt: getTime(json, "lastBeatAt"),
      lastLookAt: getTime(json, "lastLookAt"),
      lastMessageAt: getTime(json, "lastMessageAt"),
      wake: oneOf(WAKE_STATES, getString(json, "wake")) ?? "off",
      running: getNumber(json, "running") ?? 0,
      messages: Object.fromEntries(
        OUTCOMES.map((outcome) => [outcome, getNumber(messages, outcome) ?? 0]),
      ) as Record<MessageOutcome, number>,
      store: parseCounts(get(json, "store")),
    },
  ];
}

function parseCounts(json: unknown): StoreCounts | undefined {
  const unsettled = getNumber(json, "unsettled");
  const outbox = getNumber(json, "outbox");
  const deadLetters = getNumber(json, "deadLetters");
  if (unsettled === undefined || outbox === undefined || deadLetters === undefined)
    return undefined;
  return { unsettled, outbox, deadLetters };
}

/** Milliseconds since 1970 that a Date can hold (ECMA-262, 21.4.1.1). */
function getTime(json: unknown, key: string): number | undefined {
  const found = getNumber(json, key);
  return found !== undefined && Math.abs(found) <= 8.64e15 ? found : undefined;
}

function oneOf<T extends string>(known: readonly T[], text: string | undefined): T | undefined {
  return known.find((one) => one === text);
}

const STATES = [
  "starting",
  "waiting",
  "standby",
  "connected",
  "troubled",
  "draining",
  "stopped",
  "failed",
] as const satisfies readonly WorkspaceStatus["state"][];

const WAKE_STATES = ["off", "away", "open", "healthy"] as const satisfies readonly WakeState[];

const OUTCOMES = [
  "answered",
  "declined",
  "noted",
  "failed",
  "refused",
  "skipped",
] as const satisfies readonly MessageOutcome[];
