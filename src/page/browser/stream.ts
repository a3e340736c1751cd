/** Follows the platform's events for as long as the page is looked at. */
import type { Frame } from "../wire.ts";
import { CallError, type Calls } from "./calls.ts";
import { after } from "./edges.ts";

/** The server says something every 15 s: after so long it is gone, whatever the network believes. */
const SILENT_MS = 40_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

export interface Hearer {
  frame(frame: Frame): void;
  /** The platform does not answer; it is tried again. */
  lost(): void;
  /** The token opens nothing, and nothing is tried again. */
  refused(): void;
}

export class Stream {
  readonly #calls: Calls;
  readonly #hearer: Hearer;
  #running: AbortController | undefined;

  constructor(calls: Calls, hearer: Hearer) {
    this.#calls = calls;
    this.#hearer = hearer;
  }

  /** Begins, or goes on after {@link stop}. */
  start(): void {
    if (this.#running !== undefined) return;
    this.#running = new AbortController();
    void this.#run(this.#running.signal);
  }

  /** Gives the connection back; {@link start} takes one again. */
  stop(): void {
    this.#running?.abort();
    this.#running = undefined;
  }

  async #run(stopped: AbortSignal): Promise<void> {
    for (let pause = FIRST_PAUSE_MS; !stopped.aborted;) {
      try {
        for await (const frame of this.#frames(stopped)) {
          pause = FIRST_PAUSE_MS;
          this.#hearer.frame(frame);
        }
      } catch (error) {
        if (stopped.aborted) return;
        if (error instanceof CallError && error.status === 401) return this.#hearer.refused();
      }
      if (stopped.aborted) return;
      this.#hearer.lost();
      await sleep(pause, stopped);
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    }
  }

  async *#frames(stopped: AbortSignal): AsyncGenerator<Frame> {
    const silent = new AbortController();
    let cancel = after(SILENT_MS, () => silent.abort());
    try {
      const body = await this.#calls.stream(AbortSignal.any([stopped, silent.signal]));
      const reader = body.pipeThrough(new TextDecoderStream() as Decoder).getReader();
      let rest = "";
      for (let read = await reader.read(); !read.done; read = await reader.read()) {
        cancel();
        cancel = after(SILENT_MS, () => silent.abort());
        const events = (rest + read.value).split("\n\n");
        rest = events.pop() ?? "";
        for (const event of events) {
          if (event.startsWith("data: ")) yield JSON.parse(event.slice(6)) as Frame;
        }
      }
    } finally {
      cancel();
    }
  }
}

/** The types of streams and of their decoder disagree on what bytes are. */
type Decoder = ReadableWritablePair<string, Uint8Array>;

function sleep(ms: number, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const cancel = after(ms, resolve);
    stopped.addEventListener("abort", () => (cancel(), resolve()), { once: true });
  });
}
