import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { filesIn, type MessagePart } from "../../../src/a2a/message.ts";
import type { BackendMemory, BackendParts, BackendRequest } from "../../../src/backends/backend.ts";
import { type Clock, systemClock } from "../../../src/shared/clock.ts";
import { Secrets } from "../../../src/shared/secrets.ts";
import { Bell } from "../../harness/wait.ts";

/** What {@link request} hands on. */
export const TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/**
 * A plain message of a peer, with what a test wants different. Its parts are its text and its files, or
 * its files are those of its parts, where the test gives one and not the other.
 */
export function request(over: Partial<BackendRequest> = {}): BackendRequest {
  const { text = "hello", files = filesIn(over.parts ?? []) } = over;
  const parts: MessagePart[] = [
    { kind: "text", text },
    ...files.map((file) => ({ kind: "file" as const, file })),
  ];
  return {
    workspaceId: "ws-1",
    activityId: "act-1",
    sender: "peer",
    peerId: "peer-1",
    peerName: undefined,
    text,
    parts,
    files,
    messageId: "msg-1",
    contextId: "ctx-1",
    taskId: undefined,
    method: "message/send",
    traceparent: TRACEPARENT,
    attempt: 1,
    interrupted: false,
    isReply: false,
    envelope: { params: {} },
    answerFolder: undefined,
    budgetUsd: undefined,
    ...over,
  };
}

/** What a backend remembers, for as long as the test lasts. */
export class TestMemory implements BackendMemory {
  readonly kept = new Map<string, string>();

  async recall(key: string): Promise<string | undefined> {
    return this.kept.get(key);
  }

  async remember(key: string, value: string | undefined): Promise<void> {
    if (value === undefined) this.kept.delete(key);
    else this.kept.set(key, value);
  }
}

/** Backend parts whose stderr lines can be read and waited for. */
export class TestParts implements BackendParts {
  readonly secrets = new Secrets();
  readonly lines: string[] = [];
  /** The activity of each line. */
  readonly activities: (string | undefined)[] = [];
  readonly notes: string[] = [];
  readonly memory = new TestMemory();
  readonly random = () => 0.5;
  readonly #bell = new Bell();

  constructor(
    readonly env: Record<string, string | undefined> = { PATH: process.env.PATH },
    readonly clock: Clock = systemClock,
  ) {}

  onStderr = (line: string, activityId?: string): void => {
    this.lines.push(line);
    this.activities.push(activityId);
    this.#bell.ring();
  };

  onNote = (text: string): void => {
    this.notes.push(text);
    this.#bell.ring();
  };

  untilNote(part: string): Promise<void> {
    return this.#bell.until(
      () => this.notes.some((note) => note.includes(part)),
      `a note "${part}"`,
    );
  }

  untilLine(line: string): Promise<void> {
    return this.#bell.until(() => this.lines.includes(line), `"${line}" on stderr`);
  }
}

export const never = new AbortController().signal;

/** Writes an executable script of `sh`. */
export function script(folder: string, name: string, body: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** A variable in the environment by which every process of a run can be found again. */
export function marker(): string {
  return `molecule-test-${crypto.randomUUID()}`;
}

/** Text of any UTF-16 units: controls and halves of pairs too. */
export function anyText(maxLength = 40): fc.Arbitrary<string> {
  return fc.uint16Array({ maxLength }).map((units) => String.fromCharCode(...units));
}
