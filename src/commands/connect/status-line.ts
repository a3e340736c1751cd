/** How the bridges of this process are, in the last row of the terminal. */
import { cut } from "../../cli/columns.ts";
import { isSeen } from "../../cli/live-text.ts";
import { columnsOf, wantsColor } from "../../cli/terminal.ts";
import type { Stage } from "../../cli/waiting.ts";
import type { WorkspaceStatus } from "../../observe/status.ts";
import { systemClock } from "../../shared/clock.ts";
import { count } from "../../shared/count.ts";
import { oneLine } from "../../shared/text.ts";

/** No two changes are shown sooner after each other, in ms. */
const PAUSE_MS = 250;

/**
 * Shown from the first change on, above it the lines of the log. Nothing is done while nothing changes.
 * Never where standard error is no terminal or a dumb one, in CI, or with --verbose; whoever makes it
 * leaves it out of a log of JSON.
 */
export class StatusLine {
  readonly #stage: Stage;
  readonly #read: () => readonly WorkspaceStatus[];
  readonly #over = new AbortController();
  readonly #seen: boolean;
  readonly #colored: boolean;
  #width: number | undefined;
  #shown = "";
  #due = false;
  /** When it was shown last, monotonic. */
  #at = -Infinity;
  readonly #onResize = () => {
    this.#width = undefined;
    this.changed();
  };

  /** `read`: how they are at the moment. */
  constructor(stage: Stage, read: () => readonly WorkspaceStatus[]) {
    this.#stage = stage;
    this.#read = read;
    this.#seen = isSeen(stage);
    this.#colored = wantsColor(stage.env, stage.terminal);
    if (this.#seen) process.on("SIGWINCH", this.#onResize);
  }

  /** Something may be otherwise than it is shown. */
  changed(): void {
    if (this.#seen && !this.#due && !this.#over.signal.aborted) void this.#showSoon();
  }

  /** Erases it. Free to be called twice. */
  end(): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort(ENDED);
    if (!this.#seen) return;
    process.off("SIGWINCH", this.#onResize);
    this.#stage.io.live?.show("");
  }

  async #showSoon(): Promise<void> {
    const { io, clock = systemClock, env } = this.#stage;
    this.#due = true;
    const restMs = this.#at + PAUSE_MS - clock.monotonic();
    if (restMs > 0) await clock.sleep(restMs, this.#over.signal);
    this.#due = false;
    if (this.#over.signal.aborted) return;
    // The terminal's last column stays free: some go on to the next row with it.
    this.#width ??= (columnsOf(2, env) ?? 80) - 1;
    const statuses = this.#read();
    const text = cut(oneLine(describeStatuses(statuses), this.#width * 4), this.#width);
    const line = this.#colored ? text.replace(DOT, `\x1b[${toneOf(statuses)}m${DOT}\x1b[0m`) : text;
    if (line === this.#shown) return;
    this.#shown = line;
    this.#at = clock.monotonic();
    io.live?.show(line);
  }
}

/** The line, `● connected, woken by events · 2 running · 31 answered · 1 dead letter`; "" where none runs. */
export function describeStatuses(statuses: readonly WorkspaceStatus[]): string {
  const [only] = statuses;
  // At the end the last line of the log is the last word.
  if (only === undefined || statuses.every(({ state }) => state === "stopped")) return "";
  const sum = (read: (status: WorkspaceStatus) => number) =>
    statuses.reduce((total, status) => total + read(status), 0);
  const running = sum((status) => status.running);
  const waiting = sum(({ store, running: now }) => Math.max(0, (store?.unsettled ?? 0) - now));
  const dead = sum(({ store }) => store?.deadLetters ?? 0);
  const parts = [
    statuses.length === 1 ? describeOne(only) : describeFleet(statuses),
    ...(running > 0 ? [`${running} running`] : []),
    ...(waiting > 0 ? [`${waiting} waiting`] : []),
    `${sum(({ messages }) => messages.answered)} answered`,
    ...(dead > 0 ? [count(dead, "dead letter")] : []),
  ];
  return `${DOT} ${parts.join(" · ")}`;
}

function describeOne({ state, wake, mode, troubles }: WorkspaceStatus): string {
  switch (state) {
    case "connected":
      return `connected${wake === "healthy" && mode === "poll" ? ", woken by events" : ""}`;
    case "troubled":
      return `connected, but ${troubles[0] ?? "something is wrong"}`;
    case "waiting":
      return "waiting for another bridge to end";
    case "standby":
      return "standing by";
    case "draining":
      return "stopping";
    default:
      return state;
  }
}

/** How many are connected, and what keeps the others from it. */
function describeFleet(statuses: readonly WorkspaceStatus[]): string {
  const of = (...states: WorkspaceStatus["state"][]) =>
    statuses.filter(({ state }) => states.includes(state));
  const connected = of("connected", "troubled");
  const events =
    connected.length > 0 &&
    connected.every(({ wake, mode }) => mode === "poll" && wake === "healthy");
  const others = STATES.flatMap((state) => {
    const n = of(state).length;
    return n === 0 ? [] : [`${n} ${WORDS[state] ?? state}`];
  });
  const first = `${connected.length} of ${statuses.length} connected${events ? ", woken by events" : ""}`;
  return [first, ...others].join(" · ");
}

/** Those that are told of beside the connected ones. */
const STATES = ["troubled", "starting", "waiting", "standby", "draining", "failed"] as const;
const WORDS: Readonly<Record<string, string>> = { draining: "stopping", standby: "standing by" };

/** Green where all is well, red where something has failed, else yellow. */
function toneOf(statuses: readonly WorkspaceStatus[]): number {
  if (statuses.some(({ state }) => state === "failed")) return 31;
  return statuses.every(({ state }) => state === "connected" || state === "standby") ? 32 : 33;
}

const DOT = "●";

/** A reason of its own: the default one is an error with a stack. */
const ENDED = Symbol("ended");
