/** What a check of the real Claude Code is given: a home of its own, a fake model, and the backend. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BackendRequest, Outcome } from "../../src/backends/backend.ts";
import { createClaude } from "../../src/backends/claude/create.ts";
import { claudeCode } from "../../src/backends/claude/declaration.ts";
import { conversationOf } from "../../src/backends/conversation.ts";
import { parseOptions } from "../../src/backends/options.ts";
import { marked } from "../../test/harness/processes.ts";
import { request, TestParts } from "../../test/unit/backends/support.ts";
import { type Block, type Call, FakeAnthropic, type Failure } from "./fake-anthropic.ts";

/** What is checked, by a sentence. */
export type Checks = Record<string, (lab: ClaudeLab) => Promise<void>>;

/** No check takes longer. */
export const CHECK_MS = 60_000;

export const FORGOTTEN = "What was said earlier in this conversation could not be kept";

/** A home for claude that goes away at the end of its `using` scope. */
export class ClaudeLab implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), "drive-claude-"));
  readonly cwd = this.folder("work");
  readonly api = new FakeAnthropic();
  readonly texts: string[] = [];
  readonly tasks: string[] = [];
  readonly program: string;
  readonly parts = new TestParts({
    PATH: process.env.PATH,
    HOME: this.root,
    CLAUDE_CONFIG_DIR: this.folder("config"),
    ANTHROPIC_BASE_URL: this.api.url,
    ANTHROPIC_API_KEY: "sk-ant-no-such-key",
  });

  constructor(program: string) {
    this.program = program;
  }

  folder(name: string): string {
    const path = join(this.root, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  file(name: string, text: string): string {
    const path = join(this.root, name);
    writeFileSync(path, text);
    return path;
  }

  backend(...options: string[]) {
    const cwd = options.some((one) => one.startsWith("cwd=")) ? [] : [`cwd=${this.cwd}`];
    const parsed = parseOptions(claudeCode, [`bin=${this.program}`, ...cwd, ...options]);
    return createClaude(parsed, this.parts);
  }

  /** One message; with `onChild`, what is to become of the child. */
  run(
    over: Partial<BackendRequest>,
    options: string[] = [],
    onChild: (pid: number) => void = () => {},
  ): Promise<Outcome> {
    return this.backend(...options).run(request(over), AbortSignal.timeout(CHECK_MS), {
      onChild,
      onText: (text) => void this.texts.push(text),
      onTask: (task) => void this.tasks.push(task),
    });
  }

  says(...blocks: Block[]): void {
    this.api.answer = () => ({ blocks });
  }

  fails(failure: Failure): void {
    this.api.answer = () => failure;
  }

  /** First the tool, then, when it has been used, the text. */
  uses(tool: string, input: object, text = "done"): void {
    this.api.answer = (call) =>
      wasUsed(call)
        ? { blocks: [{ text }] }
        : { blocks: [{ text: "let me see" }, { tool, input }] };
  }

  /** What claude has written of the session. */
  written(): string {
    const { session } = this.kept();
    const projects = join(this.root, "config", "projects");
    const found = [...new Bun.Glob(`*/${session}.jsonl`).scanSync(this.folder("config/projects"))];
    return found.map((path) => readFileSync(join(projects, path), "utf8")).join("");
  }

  /** The session that is remembered. */
  kept(): { session: string; begun: boolean } {
    const text = this.parts.memory.kept.get(conversationOf(request())) ?? "null";
    return JSON.parse(text) as { session: string; begun: boolean };
  }

  [Symbol.dispose](): void {
    this.api[Symbol.dispose]();
    for (const pid of marked(this.root)) process.kill(pid, "SIGKILL");
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Whether a tool's output came after the last message. */
export function wasUsed({ messages }: Call): boolean {
  return JSON.stringify(messages.slice(-2)).includes('"tool_result"');
}

export interface Containing {
  part: string;
}

export function expectText(part: string): Containing {
  return { part };
}

/** Fails unless the outcome has these fields. */
export function like(
  outcome: Outcome,
  fields: { [key: string]: string | boolean | Containing },
): void {
  for (const [key, wanted] of Object.entries(fields)) {
    const found: unknown = outcome[key as keyof Outcome];
    const good =
      typeof wanted === "object" ? String(found).includes(wanted.part) : found === wanted;
    if (!good) throw new Error(`${key} is not ${JSON.stringify(wanted)}: ${show(outcome)}`);
  }
}

export function same(found: unknown, wanted: unknown, context: unknown = ""): void {
  if (Bun.deepEquals(found, wanted)) return;
  throw new Error(`${show(found)} is not ${show(wanted)} ${show(context)}`);
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? "undefined").slice(0, 600);
}

/** Resolves when it holds, or is not to be waited for any longer. */
export async function until(condition: () => boolean, ms = CHECK_MS): Promise<void> {
  for (const end = performance.now() + ms; performance.now() < end; await Bun.sleep(10)) {
    if (condition()) return;
  }
}
