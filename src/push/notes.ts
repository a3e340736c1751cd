/**
 * What must be known of pushed messages after a restart: the answers that were given, what was running
 * when the process died, and how often runs of a message were cut.
 */
import type { LeftRun } from "../bridge/parts.ts";
import { PUSHED_RUNS as RUNS, pushedRuns } from "../bridge/recovery.ts";
import { tryParseJson } from "../shared/json.ts";
import { KeyedLock } from "../shared/keyed-lock.ts";
import type { ChildProcess, Memory } from "../store/store.ts";
import { isAnswer, type AnswerMessage } from "./answers.ts";

const ANSWERS = "push/answer/";
const answerKey = (id: string) => `${ANSWERS}${id}`;
const cutKey = (id: string) => `push/cut/${id}`;

const DAY_MS = 24 * 3_600_000;
const MIB = 1024 * 1024;
/** Answers that are kept for repeats: whoever knows the address may fill the disk so far, and no further. */
const KEPT_ANSWERS = { entries: 10_000, bytes: 256 * MIB, ageMs: 7 * DAY_MS };
/** After so much more it is looked whether they are too many. */
const TRIM_AFTER = { entries: 100, bytes: 16 * MIB };

/** One run that goes on. */
interface Run {
  child: ChildProcess | undefined;
}

export class Notes {
  readonly #memory: Memory;
  readonly #writes = new KeyedLock();
  readonly #runs = new Map<string, Run>();
  /** Answers that a full disk has not taken yet: no repeat may cause a second run meanwhile. */
  readonly #unwritten = new Map<string, AnswerMessage>();
  #since = { entries: 0, bytes: 0 };

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  /** The answer that was given to a message, if one was. */
  async answer(id: string): Promise<AnswerMessage | undefined> {
    const unwritten = this.#unwritten.get(id);
    if (unwritten !== undefined) return unwritten;
    // What is of a newer version, perhaps, is as if nothing were there.
    const kept = tryParseJson(await this.#memory.recall(answerKey(id)));
    return isAnswer(kept) ? kept : undefined;
  }

  /** It is known to {@link answer} at once, and after a restart when this resolves. */
  async keepAnswer(id: string, message: AnswerMessage): Promise<void> {
    this.#unwritten.set(id, message);
    const text = JSON.stringify(message);
    await this.#memory.remember(answerKey(id), text);
    this.#unwritten.delete(id);
    this.#since.entries += 1;
    this.#since.bytes += text.length;
    const { entries, bytes } = this.#since;
    if (entries < TRIM_AFTER.entries && bytes < TRIM_AFTER.bytes) return;
    // The answer is kept, whatever comes of this; the hourly look tells of what does not work.
    await this.trim().catch(() => {});
  }

  /** Forgets the oldest answers where there are too many. */
  async trim(): Promise<void> {
    this.#since = { entries: 0, bytes: 0 };
    await this.#memory.trim(ANSWERS, KEPT_ANSWERS);
  }

  /**
   * Whether an earlier run of the message was cut on the way, and how many of them by the death of a
   * process.
   */
  async cuts(id: string): Promise<{ interrupted: boolean; crashes: number }> {
    const kept = await this.#memory.recall(cutKey(id));
    const crashes = Number(kept ?? 0);
    return {
      interrupted: kept !== undefined,
      crashes: Number.isSafeInteger(crashes) ? crashes : 0,
    };
  }

  /** The message runs from now on. Gives what writes that down, which may be tried again. */
  begin(id: string): () => Promise<void> {
    this.#runs.set(id, { child: undefined });
    return () => this.#writeRuns();
  }

  /** It does not run after all. */
  drop(id: string): void {
    this.#runs.delete(id);
  }

  /** The process that runs it. */
  child(id: string, process: ChildProcess): Promise<void> {
    const run = this.#runs.get(id);
    if (run === undefined) return Promise.resolve();
    run.child = process;
    return this.#writeRuns();
  }

  /**
   * The run is over; with `cut`, it was stopped on the way, and did not come to its end. Gives what
   * writes that down, which may be tried again, also when another run of the message has begun.
   */
  end(id: string, { cut, before }: { cut: boolean; before: boolean }): () => Promise<void> {
    const run = this.#runs.get(id);
    return async () => {
      if (cut && !before) await this.#memory.remember(cutKey(id), "0");
      if (!cut && before) await this.#memory.remember(cutKey(id), undefined);
      if (this.#runs.get(id) === run) this.#runs.delete(id);
      await this.#writeRuns();
    };
  }

  /** What the death of a process left running. */
  left(): Promise<LeftRun[]> {
    return pushedRuns(this.#memory);
  }

  /** What was left is gone: each counts as a crash of its message. */
  async recovered(left: readonly LeftRun[]): Promise<void> {
    for (const { activityId } of left) {
      const { crashes } = await this.cuts(activityId);
      await this.#memory.remember(cutKey(activityId), String(crashes + 1));
    }
    await this.#memory.remember(RUNS, undefined);
  }

  /** In order, and of the newest state: a write that waits takes all changes along. */
  #writeRuns(): Promise<void> {
    return this.#writes.run(RUNS, () => {
      const runs = Object.fromEntries([...this.#runs].map(([id, { child }]) => [id, child ?? {}]));
      const value = this.#runs.size === 0 ? undefined : JSON.stringify(runs);
      return this.#memory.remember(RUNS, value);
    });
  }
}
