/** The embedded platform in a process of its own, filled from within rather than through HTTP. */
import { join } from "node:path";

/** What the process is asked; one question at a time. */
export type Question =
  | { kind: "fill"; peers: number; messages: number; bytes: number }
  | { kind: "count"; workspaces: string[] };

/** A workspace with messages that wait. */
export interface Filled {
  url: string;
  workspaceId: string;
  token: string;
  peers: string[];
  /** The row after which the messages begin. */
  cursor: string;
}

export class PlatformProcess {
  readonly #child: Bun.Subprocess;
  #answer = Promise.withResolvers<unknown>();

  private constructor(adopt: (child: Bun.Subprocess) => void) {
    this.#child = Bun.spawn([process.execPath, join(import.meta.dir, "platform-child.ts")], {
      stdio: ["ignore", "inherit", "inherit"],
      serialization: "json",
      ipc: (message) => this.#answer.resolve(message),
    });
    void this.#child.exited.then((code) =>
      this.#answer.reject(new Error(`the platform ended with ${code}`)),
    );
    adopt(this.#child);
  }

  /** Resolves when it listens. `adopt` hears of the process at once. */
  static async start(adopt: (child: Bun.Subprocess) => void): Promise<PlatformProcess> {
    const platform = new PlatformProcess(adopt);
    await platform.#answer.promise;
    return platform;
  }

  /** A new workspace with this many messages of this many bytes, from so many peers in turn. */
  fill(peers: number, messages: number, bytes: number): Promise<Filled> {
    return this.#ask({ kind: "fill", peers, messages, bytes });
  }

  /** How many messages the workspaces have been sent by others. */
  count(workspaces: string[]): Promise<number> {
    return this.#ask({ kind: "count", workspaces });
  }

  async stop(): Promise<void> {
    this.#answer.promise.catch(() => {});
    this.#child.kill();
    await this.#child.exited;
  }

  async #ask<T>(question: Question): Promise<T> {
    this.#answer = Promise.withResolvers();
    this.#child.send(question);
    return (await this.#answer.promise) as T;
  }
}
