/**
 * What one process tells of itself on the disk: `<state>/bridges/<pid>.json`, for `molecule status`.
 * Nothing depends on it, so nothing waits for it, and a write need not outlive a power cut.
 */
import { rmSync } from "node:fs";
import { mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, within } from "../shared/clock.ts";
import { messageOf } from "../shared/errors.ts";
import { atEnd } from "../shared/last-acts.ts";
import { replaceFile } from "../shared/replace-file.ts";
import { sweepBridges, type BridgeFiles } from "./bridge-files.ts";
import type { ProcessStatus } from "./status.ts";

/** No two writes come sooner after each other, in ms. */
const PAUSE_MS = 1_000;
/** So often it is written although nothing has happened, in ms: who reads it sees that we live. */
const BEAT_MS = 15_000;
/** How long the end waits for a disk that does not answer, in ms. */
const LAST_WAIT_MS = 500;

export interface StatusFileParts extends BridgeFiles {
  pid: number;
  clock: Clock;
  /** What is to be written; must not reject. */
  read(): Promise<ProcessStatus>;
  /** Told once for each time that it can't be written any more. */
  onTrouble(reason: string): void;
}

/** Files of this process: none outlives it, however it ends. */
const ours = new Set<string>();
atEnd(() => {
  for (const path of ours) remove(path);
});

export class StatusFile {
  readonly #parts: StatusFileParts;
  readonly #path: string;
  readonly #temporary: string;
  #changed = false;
  #closed = false;
  #failing = false;
  #rest = new AbortController();
  #running: Promise<void> | undefined;

  constructor(parts: StatusFileParts) {
    this.#parts = parts;
    this.#path = join(parts.folder, `${parts.pid}.json`);
    this.#temporary = join(parts.folder, `.${parts.pid}.json.tmp`);
  }

  /** Begins to write, once those of dead processes are away. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Something has changed that is to be seen soon. */
  touch(): void {
    this.#changed = true;
    this.#rest.abort(CHANGED);
  }

  /** Ends and takes the file away. Resolves soon, also where the disk hangs. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#rest.abort(CHANGED);
    await within(this.#parts.clock, LAST_WAIT_MS, this.#running ?? Promise.resolve());
    remove(this.#temporary);
    remove(this.#path);
    ours.delete(this.#path);
    ours.delete(this.#temporary);
  }

  async #run(): Promise<void> {
    const { clock } = this.#parts;
    await sweepBridges(this.#parts, clock.now()).catch(() => {});
    while (!this.#closed) {
      this.#changed = false;
      await this.#write();
      // Not cut short by what happens meanwhile, only by the end.
      await this.#sleep(PAUSE_MS, () => this.#closed);
      await this.#sleep(BEAT_MS - PAUSE_MS, () => this.#closed || this.#changed);
    }
  }

  async #sleep(ms: number, isOver: () => boolean): Promise<void> {
    const { clock } = this.#parts;
    const until = clock.monotonic() + ms;
    while (!isOver() && clock.monotonic() < until) {
      this.#rest = new AbortController();
      await clock.sleep(until - clock.monotonic(), this.#rest.signal);
    }
  }

  async #write(): Promise<void> {
    try {
      const text = `${JSON.stringify(await this.#parts.read())}\n`;
      if (this.#closed) return;
      await this.#replace(text);
      this.#failing = false;
    } catch (error) {
      if (!this.#failing && !this.#closed) this.#parts.onTrouble(messageOf(error));
      this.#failing = true;
    }
  }

  async #replace(text: string): Promise<void> {
    ours.add(this.#path).add(this.#temporary);
    await mkdir(this.#parts.folder, { recursive: true, mode: 0o700 });
    await rm(this.#temporary, { force: true });
    // "wx": never through a link that someone planted under this name.
    const handle = await open(this.#temporary, "wx", 0o600);
    try {
      await handle.writeFile(text);
    } finally {
      await handle.close();
    }
    await replaceFile(this.#temporary, this.#path, { clock: this.#parts.clock });
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The next process sweeps it.
  }
}

/** A reason of its own: the default one is an error with a stack. */
const CHANGED = Symbol("changed");
