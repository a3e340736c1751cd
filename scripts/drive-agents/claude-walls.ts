/** What strangers' words can't get out of it, and what a run leaves behind. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { marked } from "../../test/harness/processes.ts";
import { request } from "../../test/unit/backends/support.ts";
import {
  type Checks,
  type ClaudeLab,
  expectText,
  like,
  same,
  until,
  wasUsed,
} from "./claude-lab.ts";

const CANARY = "CANARY-0451";

/** A message of the canvas' own conversation, which no other is to learn of. */
const CANVAS = { sender: "canvas", peerId: undefined, contextId: "canvas" } as const;

export const WALLS: Checks = {
  async "a file that a message names with an @ is not put into it"(lab) {
    const path = lab.file("secret.txt", CANARY);
    lab.file("work/b.txt", CANARY);
    const text = `look at @${path} and @"${path}" and @../secret.txt and @b.txt\n@${path}`;
    const file = { name: `x @${path}`, mimeType: undefined, uri: undefined, size: 1 };
    like(await lab.run({ text, files: [file], peerName: `@${path}` }), { kind: "answer" });
    lab.parts.env.CLAUDE_CODE_DISABLE_ATTACHMENTS = "0";
    like(await lab.run({ text }), { kind: "answer" });
    same(JSON.stringify(lab.api.calls).includes(CANARY), false);
  },

  async "without leave for Bash it has no shell, in no mode that does not bring one"(lab) {
    const path = lab.file("secret.txt", CANARY);
    lab.uses("Bash", { command: `cat < ${path}`, description: "x" });
    for (const mode of ["dontAsk", "default", "acceptEdits", "plan"]) {
      like(await lab.run({ contextId: mode }, [`permission_mode=${mode}`]), { kind: "answer" });
    }
    const agrees = ["args=--disallowedTools Bash(rm:*)"];
    like(await lab.run({ contextId: "agrees" }, agrees), { kind: "answer" });
    same(JSON.stringify(lab.api.calls).includes(CANARY), false);
    same(
      lab.api.calls.some(({ tools }) => tools.includes("Bash")),
      false,
    );
  },

  async "it is told of no memory that all conversations share, and can't write one"(lab) {
    lab.parts.env.CLAUDE_CODE_DISABLE_AUTO_MEMORY = "0";
    const folder = projectOf(lab);
    lab.uses("Write", { file_path: join(folder, "memory", "MEMORY.md"), content: CANARY });
    like(await lab.run({}), { kind: "answer" });
    same(JSON.stringify(lab.api.calls).includes("memory/"), true, "the use itself");
    same(lab.api.calls[0]?.system.includes("/memory"), false);
    same(await Bun.file(join(folder, "memory", "MEMORY.md")).exists(), false);
  },

  async "the transcript of another conversation is not read"(lab) {
    lab.says({ text: "ok" });
    await lab.run({ ...CANVAS, text: `my password is ${CANARY}` });
    const [path = ""] = transcripts(lab);
    same(readFileSync(path, "utf8").includes(CANARY), true);
    for (const [tool, input] of [
      ["Read", { file_path: path }],
      ["Grep", { pattern: "password", path, output_mode: "content" }],
      ["Grep", { pattern: "password", path: join(lab.root, "config"), output_mode: "content" }],
      ["Glob", { pattern: "**/*.jsonl", path: join(lab.root, "config") }],
    ] as const) {
      lab.uses(tool, input);
      const contextId = crypto.randomUUID();
      like(await lab.run({ contextId }), { kind: "answer" });
      same(lab.api.sent().includes(CANARY), false, tool);
      // Not where they lie below the folder that it works in, either.
      like(await lab.run({ contextId: `${contextId} 2` }, [`cwd=${lab.root}`]), { kind: "answer" });
      same(lab.api.sent().includes(CANARY), false, `${tool} from above`);
    }
  },

  async "it reads its own folder all the same"(lab) {
    lab.file("work/a.txt", CANARY);
    lab.uses("Read", { file_path: join(lab.cwd, "a.txt") });
    like(await lab.run({}), { kind: "answer" });
    same(lab.api.sent().includes(CANARY), true);
  },

  async "its shell ends with a run that is stopped"(lab) {
    await shellEnds(lab, { command: COMMAND, description: "x" });
  },

  async "its shell in the background ends with a run that is stopped"(lab) {
    await shellEnds(lab, { command: COMMAND, run_in_background: true, description: "x" });
  },

  async "its shell ends with a run whose program was killed"(lab) {
    const killed = { pid: 0 };
    const running = startShell(lab, { command: COMMAND, description: "x" }, never(), killed);
    await until(() => shells(lab).length > 0);
    process.kill(killed.pid, "SIGKILL");
    like(await running, { kind: "failed" });
    await until(() => shells(lab).length === 0, 5_000);
    same(shells(lab), []);
  },

  async "a limit of use that ends hours from now is waited for by all"(lab) {
    const reset = Math.floor(Date.now() / 1_000) + 4 * 3_600;
    delete lab.parts.env.ANTHROPIC_API_KEY;
    lab.parts.env.CLAUDE_CODE_OAUTH_TOKEN = "sk-ant-oat01-none";
    lab.fails({
      status: 429,
      type: "rate_limit_error",
      message: "This request would exceed your account's rate limit.",
      headers: {
        "anthropic-ratelimit-unified-status": "rejected",
        "anthropic-ratelimit-unified-reset": String(reset),
        "anthropic-ratelimit-unified-representative-claim": "five_hour",
        "retry-after": "14400",
        "x-should-retry": "false",
      },
    });
    const outcome = await lab.run({});
    like(outcome, { kind: "operator", reason: expectText("its limit of use ends at") });
    same(outcome.kind === "operator" && (outcome.untilMs ?? 0) > 3 * 3_600_000, true, outcome);
  },

  async "files that it leaves are an answer, without a word"(lab) {
    const answerFolder = lab.folder("out");
    lab.uses("Write", { file_path: join(answerFolder, "a.txt"), content: "x" }, " ");
    like(await lab.run({ answerFolder }), { kind: "answer" });
  },
};

/** Where claude keeps what belongs to the folder that it works in. */
function projectOf(lab: ClaudeLab): string {
  return join(lab.folder("config/projects"), lab.cwd.replace(/[^a-z0-9]/gi, "-"));
}

function transcripts(lab: ClaudeLab): string[] {
  const cwd = lab.folder("config/projects");
  return [...new Bun.Glob("**/*.jsonl").scanSync({ cwd, absolute: true })];
}

async function shellEnds(lab: ClaudeLab, input: object): Promise<void> {
  const abort = new AbortController();
  const running = startShell(lab, input, abort.signal);
  await until(() => shells(lab).length > 0);
  same(shells(lab).length > 0, true, "the shell has begun");
  abort.abort();
  like(await running, { kind: "stopped" });
  await until(() => shells(lab).length === 0, 5_000);
  same(shells(lab), []);
}

function startShell(lab: ClaudeLab, input: object, signal: AbortSignal, child = { pid: 0 }) {
  lab.api.answer = (call) => (wasUsed(call) ? "silence" : { blocks: [{ tool: "Bash", input }] });
  const backend = lab.backend("allowed_tools=Bash");
  return backend.run(request(), signal, { onChild: (pid) => void (child.pid = pid) });
}

function never(): AbortSignal {
  return new AbortController().signal;
}

/** What the shell runs: no `sleep`, for which claude has rules of its own. */
const COMMAND = "tail -f /dev/null";

/** The processes of the run that do. */
function shells(lab: ClaudeLab): number[] {
  return marked(lab.root).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "latin1") === "tail\0-f\0/dev/null\0";
    } catch {
      return false;
    }
  });
}
