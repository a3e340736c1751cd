/** What is shown of a workspace that is served: a row of the table, and the form for programs. */
import { age } from "../../cli/age.ts";
import type { Column } from "../../cli/print.ts";
import type { Tone } from "../../cli/table.ts";
import type { WorkspaceStatus } from "../../observe/status.ts";
import type { Running } from "./running.ts";

/** As JSON and YAML have it; times are RFC 3339. */
export function rowOf({
  state,
  troubles,
  status,
  process,
  pid,
  host,
  since,
  workspaceId,
}: Running) {
  return {
    workspace_id: workspaceId,
    name: status?.name,
    state,
    troubles,
    backend: status?.backend,
    mode: status?.mode,
    wake: status?.wake,
    running: status?.running,
    messages: status?.messages,
    waiting: waitingOf(status),
    replies: status?.store?.outbox,
    dead_letters: status?.store?.deadLetters,
    last_message_at: iso(status?.lastMessageAt),
    last_feed_read_at: iso(status?.lastLookAt),
    last_heartbeat_at: iso(status?.lastBeatAt),
    connected_at: iso(status?.connectedAt),
    retry_at: iso(status?.retryAt),
    pid,
    host,
    version: process?.version,
    health: process?.health,
    up_since: iso(since),
    heard_at: iso(process?.at),
  };
}

/** Messages that are taken and have no run yet. The store does not part them from those that have. */
function waitingOf(status: WorkspaceStatus | undefined): number | undefined {
  if (status?.store === undefined) return undefined;
  // It was asked a moment before.
  return Math.max(0, status.store.unsettled - status.running);
}

export type Row = ReturnType<typeof rowOf>;

/** The columns of the table of these; `now` in milliseconds since 1970. */
export function columns(rows: readonly Row[], now: number): Column<Row>[] {
  const isNamed = rows.some(({ name }) => name !== undefined);
  return [
    { title: "workspace", of: (row) => row.workspace_id },
    ...(isNamed ? [{ title: "name", of: (row: Row) => row.name }] : []),
    { title: "state", of: (row) => row.state, tone },
    { title: "backend", of: (row) => row.backend },
    { title: "wake", of: wakeOf, wide: true },
    { title: "done", of: doneOf, align: "right" },
    { title: "waiting", of: (row) => row.waiting, align: "right" },
    { title: "dead", of: (row) => row.dead_letters, align: "right" },
    { title: "last message", of: (row) => age(row.last_message_at, now), wide: true },
    { title: "up", of: (row) => upOf(row, now), wide: true },
    { title: "pid", of: (row) => row.pid, align: "right", wide: true },
    { title: "trouble", of: (row) => troublesOf(row, now).join("; "), wrap: true },
  ];
}

/** The lines of one. */
export function lines(row: Row, now: number): Column<Row>[] {
  const line = (title: string, value: unknown): Column<Row> => ({ title, of: () => value });
  const { messages } = row;
  const ended = Object.entries(messages ?? {}).filter(([, n]) => n > 0);
  return [
    line("workspace", row.workspace_id),
    line("name", row.name),
    { title: "state", of: () => row.state, tone },
    ...troublesOf(row, now).map((trouble) => line("trouble", trouble)),
    line("backend", row.backend),
    line("wake", wakeOf(row)),
    line("running", row.running),
    line("waiting", row.waiting),
    line("replies", row.replies),
    line("dead letters", row.dead_letters),
    line("messages", ended.map(([outcome, n]) => `${n} ${outcome}`).join(", ")),
    line("last message", age(row.last_message_at, now)),
    line("last look", age(row.last_feed_read_at, now)),
    line("last heartbeat", age(row.last_heartbeat_at, now)),
    line("connected", age(row.connected_at, now)),
    line("process", processOf(row)),
    line("up", upOf(row, now)),
    line("version", row.version),
    line("health", row.health === undefined ? undefined : `http://${row.health}/`),
  ].filter(({ of }) => of(row) !== undefined && of(row) !== "");
}

const TONES: Readonly<Record<Row["state"], Tone>> = {
  connected: "good",
  troubled: "warning",
  draining: "warning",
  starting: "warning",
  waiting: "warning",
  standby: "good",
  failed: "bad",
  hung: "bad",
  stopped: "quiet",
  unknown: "quiet",
};

function tone({ state }: Row): Tone {
  return TONES[state];
}

/** Of one that failed with whether, and when, it is tried again. */
function troublesOf({ state, troubles, retry_at }: Row, now: number): readonly string[] {
  if (state !== "failed") return troubles;
  const told = troubles.length > 0 ? troubles : ["it failed"];
  return told.with(-1, `${told.at(-1)}, ${nextTry(retry_at, now)}`);
}

/** To the second while it is near, since that is what is waited for. */
function nextTry(at: string | undefined, now: number): string {
  if (at === undefined) return "not tried again";
  const seconds = Math.ceil((Date.parse(at) - now) / 1_000);
  if (seconds <= 0) return "tried again now";
  return `tried again ${seconds < 60 ? `in ${seconds}s` : age(at, now)}`;
}

/** How it hears of messages, where it does. */
function wakeOf({ state, mode, wake }: Row): string | undefined {
  if (state !== "connected" && state !== "troubled") return undefined;
  if (mode === "push") return "pushed";
  return wake === undefined ? undefined : WAKES[wake];
}

const WAKES = { off: "looking", away: "looking", open: "looking", healthy: "events" } as const;

/** Messages that came to an end which they were meant to have. */
function doneOf({ messages }: Row): number | undefined {
  return messages && messages.answered + messages.declined + messages.noted;
}

function upOf({ up_since }: Row, now: number): string | undefined {
  return age(up_since, now)?.replace(/ ago$/, "");
}

function processOf({ pid, host }: Row): string | undefined {
  if (pid === undefined) return undefined;
  return host === undefined ? String(pid) : `${pid} on ${host}`;
}

function iso(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}
