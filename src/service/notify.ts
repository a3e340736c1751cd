/** What a bridge tells the service manager of itself (sd_notify(3)): ready, how it is, alive, stopping. */
import { type Clock, systemClock } from "../shared/clock.ts";
import { oneLine } from "../shared/text.ts";
import { openNotifySocket, type SendDatagram } from "./notify-socket.ts";

/** Pause before what was not taken is sent again, and how often that is tried. */
const AGAIN_MS = 200;
const TRIES = 50;

export interface NotifierParts {
  clock?: Clock;
  open?: (path: string) => Promise<SendDatagram | string>;
  pid?: number;
}

/** Without a service manager it does nothing. No call throws, and none waits. */
export class Notifier {
  readonly #send: SendDatagram | undefined;
  readonly #clock: Clock;
  /** What was not taken yet, the oldest first. */
  readonly #queue: string[] = [];
  #pumping = false;
  #status = "";
  #ready = false;
  /** By when it has to be told again that the process is alive, in milliseconds; undefined where nobody asks. */
  readonly watchdogMs: number | undefined;
  /** Why the service manager can't be told anything, though it asks for it. */
  readonly problem: string | undefined;

  private constructor(
    send: SendDatagram | string | undefined,
    watchdogMs: number | undefined,
    clock: Clock,
  ) {
    this.#send = typeof send === "function" ? send : undefined;
    this.problem = typeof send === "string" ? send : undefined;
    this.watchdogMs = this.#send === undefined ? undefined : watchdogMs;
    this.#clock = clock;
  }

  /** The one that the variables name. Never rejects. */
  static async fromEnv(
    env: Readonly<Record<string, string | undefined>>,
    { clock = systemClock, open = openNotifySocket, pid = process.pid }: NotifierParts = {},
  ): Promise<Notifier> {
    const path = env["NOTIFY_SOCKET"];
    const send = path ? await open(path) : undefined;
    return new Notifier(send, watchdogOf(env, pid), clock);
  }

  /** It is connected. Told once; after that only the status changes. */
  ready(status: string): void {
    if (this.#ready) return this.status(status);
    this.#ready = true;
    this.#status = statusOf(status);
    this.#tell(`READY=1\nSTATUS=${this.#status}`);
  }

  /** How it is, in one line for `systemctl status`. */
  status(text: string): void {
    const line = statusOf(text);
    if (line === this.#status) return;
    this.#status = line;
    this.#tell(`STATUS=${line}`);
  }

  /** It finishes what is in hand, and ends. */
  stopping(status: string): void {
    this.#status = statusOf(status);
    this.#tell(`STOPPING=1\nSTATUS=${this.#status}`);
  }

  /**
   * Says at every half of {@link watchdogMs} that the process is alive, as long as `isAlive` says so; a silent one is
   * ended by the service manager and started again. Resolves once the signal aborts, or at once where nobody asks.
   */
  async watch(isAlive: () => boolean, signal: AbortSignal): Promise<void> {
    const { watchdogMs } = this;
    if (watchdogMs === undefined) return;
    while (!signal.aborted) {
      if (holds(isAlive)) this.#tell(ALIVE);
      await this.#clock.sleep(watchdogMs / 2, signal);
    }
  }

  #tell(text: string): void {
    if (this.#send === undefined) return;
    // Of a status, and of being alive, the newest counts.
    const at = this.#queue.findIndex((one) => one === text || isStatus(one, text));
    if (at !== -1) this.#queue.splice(at, 1);
    this.#queue.push(text);
    if (!this.#pumping) void this.#pump(this.#send);
  }

  /** The manager's socket is full at times, while a machine starts. */
  async #pump(send: SendDatagram): Promise<void> {
    this.#pumping = true;
    for (let tries = 0; this.#queue.length > 0 && tries < TRIES;) {
      if (send(this.#queue[0] ?? "")) {
        this.#queue.shift();
        tries = 0;
      } else {
        tries += 1;
        await this.#clock.sleep(AGAIN_MS);
      }
    }
    this.#pumping = false;
  }
}

const ALIVE = "WATCHDOG=1";

function isStatus(one: string, other: string): boolean {
  return one.startsWith("STATUS=") && other.startsWith("STATUS=");
}

function statusOf(text: string): string {
  return oneLine(text, 200);
}

function holds(isAlive: () => boolean): boolean {
  try {
    return isAlive();
  } catch {
    return false;
  }
}

/** In milliseconds. It may be meant for another process: then WATCHDOG_PID says so. */
function watchdogOf(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
): number | undefined {
  const usec = env["WATCHDOG_USEC"];
  const meant = env["WATCHDOG_PID"];
  if (usec === undefined || !/^[1-9]\d{0,17}$/.test(usec)) return undefined;
  if (meant && meant !== String(pid)) return undefined;
  return Number(usec) / 1000;
}
