/** What happens to workspaces, told to those who listen (contract 2.11) and kept in the log (3.6). */
import type { EventFrame, EventType } from "../contract/events.ts";
import type { WorkspaceStatus } from "../contract/types.ts";
import type { Clock } from "../shared/clock.ts";
import type { JsonObject } from "../shared/json.ts";
import type { EventLog } from "./event-log.ts";

/** So many frames wait for a subscriber that is slow; more are dropped. */
export const BUFFERED_FRAMES = 64;

/** Daily life, which would bury the rest: told, but not kept. */
const NOT_KEPT: readonly EventType[] = [
  "ACTIVITY_LOGGED",
  "AGENT_MESSAGE",
  "BROADCAST_MESSAGE",
  "TASK_UPDATED",
  "WORKSPACE_HEARTBEAT",
];

/** What those hear who watch the platform from within this process. */
export type Happening =
  /** A row of the feed that readers can see from now on; it may be older than others before it. */
  | { type: "row"; seq: number }
  /** The event of a workspace; or, where the contract has none for it, that its record is new or another. */
  | { type: EventType | "RECORD_CHANGED"; workspaceId: string }
  /** The platform stops: the last that is heard, while its connections still stand. */
  | { type: "stop" };

type Watcher = (happening: Happening) => void;

type Subscriber = ReadableStreamDefaultController<Uint8Array>;

export class Events {
  readonly #log: EventLog;
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  readonly #subscribers = new Map<string, Set<Subscriber>>();
  readonly #watchers = new Set<Watcher>();
  #stopped = false;

  /** `onError` hears of what a watcher throws. */
  constructor(log: EventLog, clock: Clock, onError: (error: unknown) => void) {
    this.#log = log;
    this.#clock = clock;
    this.#onError = onError;
  }

  /** Tells the subscribers of this workspace, and keeps what concerns more than daily life. */
  emit(workspaceId: string, type: EventType, data: JsonObject): void {
    if (!NOT_KEPT.includes(type)) this.#log.add(workspaceId, type, data);
    this.#tell({ type, workspaceId });
    const subscribers = this.#subscribers.get(workspaceId);
    if (subscribers === undefined) return;
    const frame: EventFrame = { type, timestamp: this.#clock.now(), data };
    const bytes = encode(`data: ${JSON.stringify(frame)}\n\n`);
    for (const subscriber of subscribers) {
      if ((subscriber.desiredSize ?? 0) > 0) subscriber.enqueue(bytes);
    }
  }

  /** The event of a workspace's new status. */
  emitStatus(id: string, status: WorkspaceStatus, more: JsonObject = {}): void {
    this.emit(id, STATUS_EVENTS[status], { workspace_id: id, status, ...more });
  }

  /** A row of the feed can be seen. */
  row(seq: number): void {
    this.#tell({ type: "row", seq });
  }

  /** A workspace was made or edited, which is no event of the contract. */
  changed(workspaceId: string): void {
    this.#tell({ type: "RECORD_CHANGED", workspaceId });
  }

  /** Has `watcher` hear of all that happens on the platform. Gives the way to end that. */
  watch(watcher: Watcher): () => void {
    // Its own object: the same function may watch twice.
    const own: Watcher = (happening) => watcher(happening);
    this.#watchers.add(own);
    return () => void this.#watchers.delete(own);
  }

  /** The events of a workspace from now on, as a stream of server-sent events. */
  subscribe(workspaceId: string): ReadableStream<Uint8Array> {
    let own: Subscriber;
    return new ReadableStream<Uint8Array>(
      {
        start: (subscriber) => {
          own = subscriber;
          subscriber.enqueue(encode(": ping\n\n"));
          if (this.#stopped) return subscriber.close();
          const others = this.#subscribers.get(workspaceId);
          if (others === undefined) this.#subscribers.set(workspaceId, new Set([subscriber]));
          else others.add(subscriber);
        },
        cancel: () => this.#forget(workspaceId, own),
      },
      new CountQueuingStrategy({ highWaterMark: BUFFERED_FRAMES }),
    );
  }

  /** How many listen to this workspace. */
  listeners(workspaceId: string): number {
    return this.#subscribers.get(workspaceId)?.size ?? 0;
  }

  /** Ends the streams of this workspace, once they are read. */
  end(workspaceId: string): void {
    for (const subscriber of this.#subscribers.get(workspaceId) ?? []) subscriber.close();
    this.#subscribers.delete(workspaceId);
  }

  /** Ends all streams, and new ones as they come; resolves when their ends are on the way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#tell({ type: "stop" });
    for (const workspaceId of this.#subscribers.keys()) this.end(workspaceId);
    // The server writes an end in its next turn, and after that it may be closed.
    await new Promise<void>((resolve) => void setImmediate(resolve));
  }

  /** Whoever does something is not to fail for somebody who watches it. */
  #tell(happening: Happening): void {
    for (const watcher of this.#watchers) {
      try {
        watcher(happening);
      } catch (error) {
        this.#onError(error);
      }
    }
  }

  #forget(workspaceId: string, subscriber: Subscriber): void {
    const subscribers = this.#subscribers.get(workspaceId);
    subscribers?.delete(subscriber);
    if (subscribers?.size === 0) this.#subscribers.delete(workspaceId);
  }
}

const STATUS_EVENTS: Record<WorkspaceStatus, EventType> = {
  provisioning: "WORKSPACE_PROVISIONING",
  online: "WORKSPACE_ONLINE",
  degraded: "WORKSPACE_DEGRADED",
  offline: "WORKSPACE_OFFLINE",
  failed: "WORKSPACE_PROVISION_FAILED",
  paused: "WORKSPACE_PAUSED",
  // There is none for the way there.
  hibernating: "WORKSPACE_HIBERNATED",
  hibernated: "WORKSPACE_HIBERNATED",
  awaiting_agent: "WORKSPACE_AWAITING_AGENT",
  removed: "WORKSPACE_REMOVED",
};

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
