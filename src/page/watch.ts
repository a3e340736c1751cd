/**
 * Tells the visitors of the page what happens on the platform, and where the bridges of this machine
 * stand. Nothing is watched, and nothing is looked at, while there is no visitor.
 */
import type { Dev } from "../dev/call.ts";
import type { Happening } from "../dev/events.ts";
import type { WorkspaceRow } from "../dev/workspace-store.ts";
import { refuse } from "../dev/answers.ts";
import { within, type Clock } from "../shared/clock.ts";
import type { Bridges } from "./bridges.ts";
import { toPageRow } from "./rows.ts";
import { Sightings } from "./sightings.ts";
import { encodeFrames, encodePing, Stream } from "./stream.ts";
import type { Frame, PageRow, PageState, PageWorkspace } from "./wire.ts";

/** What happens within this time is told together. */
const GATHER_MS = 20;

/** So many rows, of so many bytes, are told at once; the rest after another {@link GATHER_MS}. */
const MAX_ROWS = 500;
const MAX_BYTES = 1024 * 1024;

/** From one look at the bridges to the next. */
const LOOK_EVERY_MS = 150;

/** A look that takes so long is waited for no longer. */
const LOOK_MS = 60_000;

/** A visitor waits so long for the first look at the bridges. */
const FIRST_LOOK_MS = 500;

const PING_EVERY_MS = 15_000;

/** Each is a page that is open: more are none that a person has. */
export const MAX_STREAMS = 64;

export interface WatchParts {
  dev: Dev;
  clock: Clock;
  version: string;
  /** Those of this machine, where they are to be looked at. */
  bridges: Bridges | undefined;
  /** How the page shows a workspace. */
  show(row: WorkspaceRow): PageWorkspace;
}

/** From the coming of the first visitor to the leaving of the last. */
interface Run {
  stop: AbortController;
  seen: Sightings | undefined;
  /** Resolves with the first look. */
  looked: PromiseWithResolvers<void>;
}

export class Watch {
  readonly #parts: WatchParts;
  /** Of each visitor, whether it has its first frame. */
  readonly #streams = new Map<Stream, boolean>();
  /** What was told of each workspace, as JSON. */
  readonly #told = new Map<string, string>();
  #rows: number[] = [];
  readonly #changed = new Set<string>();
  /** For whom it is waited until more has happened. */
  #gathering: AbortSignal | undefined;
  #run: Run | undefined;
  #stopped = false;

  constructor(parts: WatchParts) {
    this.#parts = parts;
  }

  /** A visitor's stream: how all is now, and what changes from then on. A Refusal with 503. */
  open(): ReadableStream<Uint8Array> {
    if (this.#stopped) refuse(503, "the platform stops");
    if (this.#streams.size >= MAX_STREAMS) {
      refuse(503, "too many pages are open", { hint: "close some of them" });
    }
    const stream = new Stream(() => this.#left(stream));
    this.#streams.set(stream, false);
    const run = (this.#run ??= this.#start());
    this.#parts.dev.errands.run(() => this.#begin(stream, run));
    return stream.body;
  }

  /** Ends all streams, once they are read, and refuses new ones. */
  stop(): void {
    this.#stopped = true;
    for (const stream of [...this.#streams.keys()]) stream.end();
  }

  #start(): Run {
    const { dev, bridges } = this.#parts;
    const stop = new AbortController();
    const { signal } = stop;
    const looked = Promise.withResolvers<void>();
    const unwatch = dev.events.watch((happening) => this.#hear(happening));
    signal.addEventListener("abort", unwatch, { once: true });
    for (const row of this.#workspaces()) this.#isNews(this.#parts.show(row));
    const seen = bridges && new Sightings(bridges);
    if (seen === undefined) looked.resolve();
    else dev.errands.run(() => this.#look(seen, signal, () => looked.resolve()));
    dev.errands.run(() => this.#ping(signal));
    return { stop, seen, looked };
  }

  #left(stream: Stream): void {
    this.#streams.delete(stream);
    if (this.#streams.size > 0) return;
    this.#run?.stop.abort(NOBODY);
    this.#run = undefined;
    this.#told.clear();
    this.#rows = [];
    this.#changed.clear();
  }

  async #begin(stream: Stream, { looked, stop }: Run): Promise<void> {
    await within(this.#parts.clock, FIRST_LOOK_MS, looked.promise, stop.signal);
    if (!this.#streams.has(stream)) return;
    stream.send(encodeFrames([{ type: "state", state: this.#state() }]));
    this.#streams.set(stream, true);
  }

  #state(): PageState {
    const { dev, version, show } = this.#parts;
    return {
      version,
      revision: dev.revision.name,
      workspaces: this.#workspaces().map(show),
      bridges: this.#run?.seen?.bridges ?? {},
      standings: this.#run?.seen?.unsettled ?? {},
    };
  }

  #workspaces(): WorkspaceRow[] {
    return this.#parts.dev.database.workspaces.all();
  }

  #hear(happening: Happening): void {
    if (happening.type === "stop") return this.stop();
    if (happening.type === "row") this.#rows.push(happening.seq);
    else this.#changed.add(happening.workspaceId);
    const signal = this.#run?.stop.signal;
    if (signal === undefined || this.#gathering === signal) return;
    this.#gathering = signal;
    this.#parts.dev.errands.run(() => this.#gather(signal));
  }

  async #gather(signal: AbortSignal): Promise<void> {
    try {
      while (this.#rows.length + this.#changed.size > 0) {
        await this.#parts.clock.sleep(GATHER_MS, signal);
        if (signal.aborted) return;
        this.#tell(this.#news());
      }
    } finally {
      if (this.#gathering === signal) this.#gathering = undefined;
    }
  }

  /** Of what has happened as much as can be told at once: a workspace before its first row. */
  #news(): Frame[] {
    const changed = [...this.#changed];
    this.#changed.clear();
    const frames = changed.flatMap((id) => this.#newsOf(id));
    let taken = 0;
    for (let bytes = 0; taken < MAX_ROWS && bytes < MAX_BYTES; taken++) {
      const seq = this.#rows[taken];
      if (seq === undefined) break;
      const row = this.#parts.dev.database.views.ofSeq(seq);
      if (row === undefined) continue;
      frames.push({ type: "row", row: this.#withStanding(toPageRow(row)) });
      bytes += row.request_bytes + row.response_bytes;
    }
    this.#rows = this.#rows.slice(taken);
    return frames;
  }

  #newsOf(workspaceId: string): Frame[] {
    const row = this.#parts.dev.database.workspaces.find(workspaceId);
    if (row === undefined || row.status === "removed") {
      this.#run?.seen?.forget(workspaceId);
      return this.#told.delete(workspaceId) ? [{ type: "removed", workspaceId }] : [];
    }
    const workspace = this.#parts.show(row);
    return this.#isNews(workspace) ? [{ type: "workspace", workspace }] : [];
  }

  /** Whether the visitors have not been told of the workspace as it is; from now on they have. */
  #isNews(workspace: PageWorkspace): boolean {
    const json = JSON.stringify(workspace);
    if (this.#told.get(workspace.id) === json) return false;
    this.#told.set(workspace.id, json);
    return true;
  }

  /** As the last look found it, so that no older word follows on a newer one. */
  #withStanding(row: PageRow): PageRow {
    const standing = this.#run?.seen?.of(row.workspaceId, row.id);
    return standing === undefined ? row : { ...row, standing };
  }

  async #look(seen: Sightings, signal: AbortSignal, onLooked: () => void): Promise<void> {
    const { clock, dev } = this.#parts;
    let hasFailed = false;
    while (!signal.aborted) {
      try {
        const looking = seen.look([...this.#told.keys()]);
        const found = await within(clock, LOOK_MS, looking, signal);
        if (signal.aborted) return;
        // A workspace may have been removed meanwhile.
        const told = Array.isArray(found)
          ? found.filter((one) => this.#told.has(one.workspaceId))
          : [];
        this.#tell(seen.note(told));
      } catch (error) {
        // The next one may do better; where it does not, nothing new is to be said.
        if (!hasFailed) dev.onError(error);
        hasFailed = true;
      }
      onLooked();
      await clock.sleep(LOOK_EVERY_MS, signal);
    }
  }

  async #ping(signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#parts.clock.sleep(PING_EVERY_MS, signal);
      if (signal.aborted) return;
      this.#send(encodePing());
      // What no event tells of: a token that was kept since, with which an agent can be connected.
      this.#tell([...this.#told.keys()].flatMap((id) => this.#newsOf(id)));
    }
  }

  #tell(frames: readonly Frame[]): void {
    if (frames.length > 0) this.#send(encodeFrames(frames));
  }

  #send(chunk: Uint8Array): void {
    for (const [stream, hasBegun] of [...this.#streams]) if (hasBegun) stream.send(chunk);
  }
}

/** A reason of its own: the default one is an error with a stack. */
const NOBODY = Symbol("nobody");
