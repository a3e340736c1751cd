/**
 * The program of the stand-in: `claude -p` as far as the bridge can tell, with its sessions, its refusals
 * and its `stream-json`, as 2.1.197 was measured.
 */
import { appendFileSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { FakeClaudeKnob, FakeClaudeRun } from "./fake-claude.ts";
import { promptsIn, readIf, sessionPath } from "./fake-claude-sessions.ts";

async function main(folder: string, args: string[]): Promise<number> {
  if (args[0] === "--version") {
    appendFileSync(join(folder, "asked"), "x");
    await print(readIf(join(folder, "version")));
    return 0;
  }
  const login = readIf(join(folder, "login"));
  if (args[0] === "auth" && login !== "") {
    await print(login);
    return login.includes('"loggedIn":true') ? 0 : 1;
  }
  const stdin = await Bun.stdin.text();
  const cwd = process.cwd();
  const env = Object.fromEntries(Object.entries(process.env).map(([k, v]) => [k, v ?? ""]));
  const run: FakeClaudeRun = { args, stdin, cwd, env };
  appendFileSync(join(folder, "runs.jsonl"), `${JSON.stringify(run)}\n`);
  if (stdin === "") return complain("Error: Input must be provided through stdin");
  const knob = (readIf(join(folder, "do")) || process.env.FAKE_CLAUDE) ?? "answer";
  const value = (name: string) =>
    args.find((arg) => arg.startsWith(`${name}=`))?.slice(name.length + 1);
  const begin = value("--session-id");
  const resume = value("--resume");
  const id = begin ?? resume;
  if (knob === "empty") return 0;
  let earlier: string[] = [];
  if (id !== undefined) {
    const path = sessionPath(folder, id, cwd);
    if (begin !== undefined && existsSync(path)) {
      return complain(`Error: Session ID ${id} is already in use.`);
    }
    if (resume !== undefined && readIf(path) === "") {
      const text = `No conversation found with session ID: ${id}`;
      await result({
        subtype: "error_during_execution",
        is_error: true,
        num_turns: 0,
        errors: [text],
      });
      return complain(text);
    }
    earlier = existsSync(path) ? promptsIn(path) : [];
    mkdirSync(join(path, ".."), { recursive: true });
    appendFileSync(path, `${JSON.stringify(stdin)}\n`);
  }
  await say({ type: "system", subtype: "init", session_id: id, model: "fake" });
  return act(knob as FakeClaudeKnob, stdin, earlier);
}

async function act(knob: FakeClaudeKnob, stdin: string, earlier: string[]): Promise<number> {
  const answer = `${earlier.length} before; ${stdin.split("\n").at(-1)}`;
  switch (knob) {
    case "answer":
      return done(answer);
    case "work":
      await assistant({ type: "text", text: "let me look" });
      await assistant({ type: "tool_use", name: "Read", input: {} });
      await say({ type: "user", message: { content: [{ type: "tool_result", content: "x" }] } });
      await assistant({ type: "text", text: "found it" });
      return done(answer);
    case "wordless":
      return done("");
    case "hang-after-result":
      process.on("SIGTERM", () => {});
      await done(answer);
      return hang();
    case "leftover":
      Bun.spawn(["sleep", "300"], {
        stdin: "ignore",
        stdout: "inherit",
        stderr: "inherit",
      }).unref();
      return done(answer);
    case "hang":
      return hang();
    case "killed":
      process.kill(process.pid, "SIGKILL");
      return hang();
    case "empty":
      throw new Error("prints nothing at all");
    case "prose":
      await print("I am sorry, but something went wrong.\n");
      return 0;
    case "huge":
      await say({ type: "user", message: { content: "x".repeat(50_000_000) } });
      return done("y".repeat(3_000_000));
    case "cut":
      await print('{"type":"result","subtype":"success","is_error":false,"result":"half of');
      return 0;
    case "interrupted":
      await result({ subtype: "error_during_execution", is_error: true, num_turns: 2 });
      return 0;
    case "too-long-after-work":
      await assistant({ type: "tool_use", name: "Bash", input: {} });
      return act("too-long-always", stdin, earlier);
    case "too-long":
    case "too-long-always":
      if (earlier.length === 0 && knob === "too-long") return done(answer);
      return fail("Prompt is too long", "invalid_request", 400, {
        terminal_reason: "prompt_too_long",
      });
    case "denied": {
      const permission_denials = [{ tool_name: "Bash" }, { tool_name: "Bash" }];
      await result({ subtype: "success", is_error: false, result: answer, permission_denials });
      return 0;
    }
    case "max-turns":
      await result({
        subtype: "error_max_turns",
        is_error: true,
        num_turns: 2,
        total_cost_usd: 0.02,
      });
      return 1;
    case "max-budget":
      await result({ subtype: "error_max_budget_usd", is_error: true, total_cost_usd: 0.02 });
      return 1;
    case "logged-out":
      return fail("Not logged in · Please run /login", "authentication_failed", null);
    case "unreachable":
      await retry(null, "unknown");
      return fail("API Error: Unable to connect to API (ConnectionRefused)", "server_error", null);
    case "credit":
      return fail("Credit balance is too low", "billing_error", 400);
    case "no-model":
      return fail("There's an issue with the selected model (x).", "model_not_found", 404);
    case "529-after-work":
      await assistant({ type: "tool_use", name: "Bash", input: {} });
      await retry(529, "overloaded");
      return fail("API Error: Repeated 529 Overloaded errors.", "server_error", null, {
        num_turns: 2,
      });
    case "529":
      await retry(529, "overloaded");
      return fail("API Error: Repeated 529 Overloaded errors.", "server_error", null);
    case "429":
      await retry(429, "rate_limit");
      return fail("API Error: Request rejected (429)", "rate_limit", 429);
    case "500":
      await retry(500, "server_error");
      return fail("API Error: 500 x.", "server_error", 500);
    case "401":
    case "403":
      return fail("Failed to authenticate.", "authentication_failed", Number(knob));
  }
}

/** The model's last word, and the result that repeats it. */
async function done(text: string): Promise<number> {
  await assistant({ type: "text", text });
  const more = { num_turns: 1, result: text, total_cost_usd: 0.01, permission_denials: [] };
  await result({ subtype: "success", is_error: false, api_error_status: null, ...more });
  return 0;
}

/** An API failure: its words in the model's place, the subtype `success`, exit 1. */
async function fail(text: string, error: string, status: number | null, more: object = {}) {
  const message = { model: "<synthetic>", content: [{ type: "text", text }] };
  await say({ type: "assistant", message, parent_tool_use_id: null, error });
  const rest = { num_turns: 1, duration_api_ms: 0, total_cost_usd: 0, result: text, ...more };
  await result({ subtype: "success", is_error: true, api_error_status: status, ...rest });
  return 1;
}

function retry(error_status: number | null, error: string): Promise<void> {
  return say({
    type: "system",
    subtype: "api_retry",
    attempt: 2,
    retry_delay_ms: 1099.3,
    error_status,
    error,
  });
}

function assistant(block: object): Promise<void> {
  const message = { model: "fake", content: [block] };
  return say({ type: "assistant", message, parent_tool_use_id: null });
}

function result(more: object): Promise<void> {
  return say({ type: "result", ...more });
}

function say(line: object): Promise<void> {
  return print(`${JSON.stringify(line)}\n`);
}

async function print(text: string): Promise<void> {
  await Bun.write(Bun.stdout, text);
}

async function complain(text: string): Promise<number> {
  await Bun.write(Bun.stderr, `${text}\n`);
  return 1;
}

function hang(): Promise<never> {
  setInterval(() => {}, 60_000);
  return new Promise(() => {});
}

if (import.meta.main) {
  const [folder = "", ...args] = process.argv.slice(2);
  process.exit(await main(folder, args));
}
