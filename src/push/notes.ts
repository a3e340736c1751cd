/**
 * What must be known of pushed messages after a restart: the answers that were given, what was running
 * when the process died, and how often runs of a message were cut.
 */
import type { LeftRun } from "../bridge/parts.ts";
import { PUSHED_RUNS as RUNS, pushedRuns } from "../bridge/recovery.ts";
import { parseJson } from "../shared/json.ts";
import { KeyedLock } from "../shared/keyed-lock.ts";
import type { ChildProcess, Memory } from "../store/store.ts";
import { isAnswer, type AnswerMessage } from "./answers.ts";

const answerKey = (id: string) => `push/answer/${id}`;
const cutKey = (id: string) => `push/cut/${id}`;

export class Notes {
  readonly #memory: Memory;
  readonly #writes = new KeyedLock();
  readonly #runs = new Map<string, ChildProcess | undefined>();

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  /** The answer that was given to a message, if one was. */
  async answer(id: string): Promise<AnswerMessage | undefined> {
    const kept = parsed(await this.#memory.recall(answerKey(id)));
    return isAnswer(kept) ? kept : undefined;
  }

  async keepAnswer(id: string, message: AnswerMessage): Promise<void> {
    await this.#memory.remember(answerKey(id), JSON.stringify(message));
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

  /** The message runs from now on. */
  begin(id: string): Promise<void> {
    this.#runs.set(id, undefined);
    return this.#writeRuns();
  }

  /** The process that runs it. */
  child(id: string, process: ChildProcess): Promise<void> {
    if (!this.#runs.has(id)) return Promise.resolve();
    this.#runs.set(id, process);
    return this.#writeRuns();
  }

  /** The run is over; with `cut`, it was stopped on the way, and did not come to its end. */
  async end(id: string, { cut, before }: { cut: boolean; before: boolean }): Promise<void> {
    if (cut && !before) await this.#memory.remember(cutKey(id), "0");
    if (!cut && before) await this.#memory.remember(cutKey(id), undefined);
    this.#runs.delete(id);
    await this.#writeRuns();
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
      const runs = Object.fromEntries([...this.#runs].map(([id, child]) => [id, child ?? {}]));
      const value = this.#runs.size === 0 ? undefined : JSON.stringify(runs);
      return this.#memory.remember(RUNS, value);
    });
  }
}

function parsed(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return parseJson(text);
  } catch {
    // Of a newer version, perhaps: as if nothing were there.
    return undefined;
  }
}
