/** The event stream of a scripted platform, as a test has it speak, be silent, lie and die. */
import { type ScriptedPlatform, WORKSPACE } from "./scripted-platform.ts";
import { Bell } from "./wait.ts";

type Pipe = ReadableStreamDefaultController<Uint8Array>;

export class ScriptedStream {
  readonly #platform: ScriptedPlatform;
  readonly #bell = new Bell();
  #pipe: Pipe | undefined;
  /** How often it was opened, and how often its reader went away. */
  opened = 0;
  left = 0;
  /** Events that were sent on the one that is open. */
  told = 0;
  /** Whether heartbeats come back on it, as the platform has them do. */
  echoes = true;

  /** Serves the workspace's stream from now on. */
  constructor(platform: ScriptedPlatform) {
    this.#platform = platform;
    platform.on("events", () => this.open());
    platform.on("heartbeat", () => {
      if (this.echoes) this.beat();
      return undefined as never;
    });
  }

  /** The answer that is a new stream. */
  open(headers: Record<string, string> = { "content-type": "text/event-stream" }): Response {
    this.opened += 1;
    this.#bell.ring();
    const body = new ReadableStream<Uint8Array>({
      start: (pipe) => {
        this.#pipe = pipe;
        this.told = 0;
        pipe.enqueue(new TextEncoder().encode(": ping\n\n"));
      },
      cancel: () => {
        this.left += 1;
        this.#pipe = undefined;
        this.#bell.ring();
      },
    });
    return new Response(body, { headers });
  }

  untilOpened(count = 1): Promise<void> {
    return this.#bell.until(() => this.opened >= count, `${count} streams`);
  }

  untilLeft(count = 1): Promise<void> {
    return this.#bell.until(() => this.left >= count, `${count} streams to be left`);
  }

  raw(text: string | Uint8Array): void {
    this.#pipe?.enqueue(typeof text === "string" ? new TextEncoder().encode(text) : text);
  }

  event(type: string, data: object = {}): void {
    this.told += 1;
    this.raw(`data: ${JSON.stringify({ type, timestamp: Date.now(), data })}\n\n`);
  }

  beat(): void {
    this.event("WORKSPACE_HEARTBEAT", { workspace_id: WORKSPACE });
  }

  /** Tells of a row, as the platform does when it has logged one. */
  logged(activity_type = "a2a_receive"): void {
    this.event("ACTIVITY_LOGGED", { activity_type, method: "message/send", status: "ok" });
  }

  /** A new row, and its event. */
  arrive(row: ScriptedPlatform["rows"][number]): void {
    this.#platform.rows.push(row);
    this.logged();
  }

  end(): void {
    this.#pipe?.close();
    this.#pipe = undefined;
  }
}
