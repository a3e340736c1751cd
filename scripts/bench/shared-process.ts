/** A process that serves workspaces whose store is shared, and tells what each task took. */
import { join } from "node:path";
import { STORE } from "../../src/shared/secret-variables.ts";
import type { Workbench } from "./workbench.ts";

export type Task =
  /** Takes these workspaces, waiting until they are free, and opens their stores. */
  | { kind: "take"; ids: readonly string[] }
  /** So many messages in each of them, one after the other in each. */
  | { kind: "work"; each: number }
  /** So many messages into each of them, to wait there. */
  | { kind: "fill"; rows: number }
  | { kind: "rest"; ms: number }
  /** As at an orderly end. */
  | { kind: "close" };

export interface Asked {
  id: number;
  task: Task;
}

export interface Told {
  id: number;
  /** Milliseconds since 1970. */
  begunAt: number;
  endedAt: number;
  /** Of the processor, by all of the process. */
  cpuMs: number;
  /** Resident, at the end. */
  mebibytes: number;
}

export class SharedProcess {
  readonly child: Bun.Subprocess;
  readonly #waiting = new Map<number, PromiseWithResolvers<Told>>();
  #tasks = 0;

  private constructor(bench: Workbench, url: string) {
    const program = join(import.meta.dir, "shared-child.ts");
    this.child = Bun.spawn([process.execPath, program, bench.newFolder()], {
      // Others on this machine can read a command line.
      env: { ...process.env, [STORE]: url },
      stdio: ["ignore", "inherit", "inherit"],
      serialization: "json",
      ipc: (told: Told) => this.#waiting.get(told.id)?.resolve(told),
    });
    bench.adopt(this.child);
    void this.child.exited.then((code) => {
      const error = new Error(`a process with a shared store ended with ${code}`);
      for (const { reject } of this.#waiting.values()) reject(error);
    });
  }

  /** Resolves once it is connected. */
  static async start(bench: Workbench, url: string): Promise<SharedProcess> {
    const one = new SharedProcess(bench, url);
    await one.#answer(0);
    return one;
  }

  /** Resolves once it is done; others may be under way meanwhile. */
  do(task: Task): Promise<Told> {
    const id = (this.#tasks += 1);
    this.child.send({ id, task } satisfies Asked);
    return this.#answer(id);
  }

  /** It frees what it holds, and is gone. */
  async end(): Promise<void> {
    await this.do({ kind: "close" });
    await this.kill();
  }

  /** As a crash does. */
  async kill(): Promise<void> {
    for (const { promise } of this.#waiting.values()) promise.catch(() => {});
    this.child.kill("SIGKILL");
    await this.child.exited;
  }

  #answer(id: number): Promise<Told> {
    const answer = Promise.withResolvers<Told>();
    this.#waiting.set(id, answer);
    return answer.promise;
  }
}
