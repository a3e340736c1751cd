/** The embedded platform in a process of its own, filled from within rather than through HTTP. */
import { join } from "node:path";

/** What the process is asked. */
export type Question =
  | { kind: "fill"; peers: number; messages: number; bytes: number }
  | { kind: "count"; workspaces: string[] }
  | { kind: "rows"; workspace: string }
  | { kind: "requests" };

/** A message as it was written down. */
export interface SentRow {
  text: string;
  /** Milliseconds since 1970. */
  at: number;
}

/** A workspace with messages that wait. */
export interface Filled {
  url: string;
  workspaceId: string;
  token: string;
  peers: string[];
  peerTokens: string[];
  /** The row after which the messages begin. */
  cursor: string;
}

export class PlatformProcess {
  readonly #child: Bun.Subprocess;
  #answer = Promise.withResolvers<unknown>();
  #last: Promise<unknown> = Promise.resolve();

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

  /** What a workspace was sent, oldest first. */
  rows(workspace: string): Promise<SentRow[]> {
    return this.#ask({ kind: "rows", workspace });
  }

  /** How many requests it has answered so far, event streams among them. */
  requests(): Promise<number> {
    return this.#ask({ kind: "requests" });
  }

  async stop(): Promise<void> {
    this.#answer.promise.catch(() => {});
    this.#child.kill();
    await this.#child.exited;
  }

  /** One question at a time: an answer does not say which it is for. */
  #ask<T>(question: Question): Promise<T> {
    const asked = this.#last.then(async () => {
      this.#answer = Promise.withResolvers();
      this.#child.send(question);
      return (await this.#answer.promise) as T;
    });
    this.#last = asked.catch(() => {});
    return asked;
  }
}
