/**
 * Drives the acp backend with the real agents that are there, whose models are fake ones on 127.0.0.1:
 * `bun scripts/drive-agents/acp.ts [folder with the agents' programs] [part of a check's name]`. Needs no
 * account and no network. Prints one line for each check and exits with 1 if one fails.
 */
import { mkdirSync, mkdtempSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createAcp } from "../../src/backends/acp/create.ts";
import { acp } from "../../src/backends/acp/declaration.ts";
import type { Backend, BackendRequest, Outcome } from "../../src/backends/backend.ts";
import { parseOptions } from "../../src/backends/options.ts";
import { killAllGroups } from "../../src/backends/process/group.ts";
import { marked } from "../../test/harness/processes.ts";
import { request, TestParts } from "../../test/unit/backends/support.ts";
import { FakeAnthropic } from "./fake-anthropic.ts";
import { FakeModels, type ToolUse } from "./fake-models.ts";

/** No check takes longer, and all together no longer than the second. */
const CHECK_MS = 60_000;
const ALL_MS = 400_000;

const [, , folder = "", only = ""] = process.argv;
const PATH = [folder, process.env.PATH ?? ""].filter((part) => part !== "").join(delimiter);

/** A home of its own for an agent, and the backend. */
class Lab implements AsyncDisposable {
  readonly home = mkdtempSync(join(tmpdir(), "drive-acp-"));
  readonly cwd = this.folder("work");
  readonly texts: string[] = [];
  readonly tasks: string[] = [];
  readonly pids: number[] = [];
  readonly parts: TestParts;
  #backend: Backend;

  constructor(
    readonly preset: string,
    env: Record<string, string> = {},
    readonly options: string[] = [],
  ) {
    this.parts = new TestParts({
      PATH,
      HOME: this.home,
      XDG_CONFIG_HOME: this.folder(".config"),
      XDG_DATA_HOME: this.folder(".data"),
      XDG_CACHE_HOME: this.folder(".cache"),
      XDG_STATE_HOME: this.folder(".state"),
      CLAUDE_CONFIG_DIR: this.folder(".claude"),
      CODEX_HOME: this.folder(".codex"),
      ...env,
    });
    this.#backend = this.#create();
  }

  #create(): Backend {
    const given = [`preset=${this.preset}`, `cwd=${this.cwd}`, ...this.options];
    return createAcp(parseOptions(acp, given), this.parts);
  }

  folder(name: string): string {
    const path = join(this.home, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  file(name: string, text: string | Uint8Array): string {
    const path = join(this.home, name);
    writeFileSync(path, text);
    return path;
  }

  check(): Promise<void> {
    return this.#backend.check();
  }

  run(over: Partial<BackendRequest> | string, signal = AbortSignal.timeout(CHECK_MS)) {
    return this.#backend.run(request(typeof over === "string" ? { text: over } : over), signal, {
      onChild: (pid) => void this.pids.push(pid),
      onText: (text) => void this.texts.push(text),
      onTask: (task) => void this.tasks.push(task),
    });
  }

  /** As after a restart of the bridge: another process, the same memory. */
  async restart(): Promise<void> {
    await this.#backend.close?.();
    this.#backend = this.#create();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#backend.close?.();
    for (let n = 0; n < 50 && marked(this.home).length > 0; n++) await Bun.sleep(100);
    const left = marked(this.home).length;
    rmSync(this.home, { recursive: true, force: true });
    if (left > 0) throw new Error(`${left} processes are left behind`);
  }
}

function expect(outcome: Outcome, kind: Outcome["kind"], part = ""): Outcome {
  const shown = JSON.stringify(outcome);
  if (outcome.kind === kind && shown.includes(part)) return outcome;
  throw new Error(`not ${kind} "${part}": ${shown.slice(0, 600)}`);
}

function isSleep(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8") === "sleep\n";
  } catch {
    return false;
  }
}

function must(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

const claude = (api: FakeAnthropic, ...options: string[]) =>
  new Lab(
    "claude",
    { ANTHROPIC_BASE_URL: api.url, ANTHROPIC_API_KEY: "sk-ant-no-such-key" },
    options,
  );

function opencode(models: FakeModels, ...options: string[]): Lab {
  const lab = new Lab("opencode", {}, options);
  const provider = {
    fake: {
      npm: "@ai-sdk/openai-compatible",
      name: "Fake",
      options: { baseURL: `${models.url}/v1`, apiKey: "no-such-key" },
      models: { m: { name: "M", tool_call: true } },
    },
  };
  const config = {
    model: "fake/m",
    small_model: "fake/m",
    autoupdate: false,
    share: "disabled",
    provider,
  };
  lab.folder(".config/opencode");
  lab.file(".config/opencode/opencode.json", JSON.stringify(config));
  return lab;
}

const gemini = (models: FakeModels, ...options: string[]) =>
  new Lab("gemini", { GEMINI_API_KEY: "no-such-key", GOOGLE_GEMINI_BASE_URL: models.url }, [
    "model=gemini-2.5-pro",
    ...options,
  ]);

function codex(models: FakeModels, ...options: string[]): Lab {
  const lab = new Lab("codex", { FAKE_KEY: "no-such-key" }, options);
  lab.file(
    ".codex/config.toml",
    `model = "m"\nmodel_provider = "fake"\n[model_providers.fake]\nname = "Fake"\nbase_url = "${models.url}/v1"\nwire_api = "responses"\nenv_key = "FAKE_KEY"\nrequest_max_retries = 0\nstream_max_retries = 0\n`,
  );
  return lab;
}

/** What every agent with a model must do. */
async function converse(lab: Lab, sent: () => string): Promise<void> {
  await lab.check();
  expect(await lab.run("the first word is PLUM"), "answer", "ok");
  expect(await lab.run("and now?"), "answer", "ok");
  must(sent().includes("PLUM"), "it does not know what was said before");
  must(new Set(lab.pids).size === 1, "it was started twice");
  expect(await lab.run({ text: "who are you?", contextId: "another" }), "answer", "ok");
  must(!sent().includes("PLUM"), "another conversation knows what was said");
  // Gemini names its files by the minute, and finds none that was begun in the same.
  if (lab.preset === "gemini") await Bun.sleep(60_000 - (Date.now() % 60_000));
  await lab.restart();
  expect(await lab.run("do you remember?"), "answer", "ok");
  must(sent().includes("PLUM"), "after a restart it does not know what was said before");
  const notes = lab.parts.notes.filter((note) => !note.startsWith("the agent warns: "));
  must(notes.length === 0, `notes: ${notes.join("; ")}`);
}

/** An agent that is stopped in the middle of a prompt, and then killed in another. */
async function interrupt(lab: Lab, silence: () => void, speak: () => void, asked: () => number) {
  expect(await lab.run("hello"), "answer");
  silence();
  const stop = new AbortController();
  let before = asked();
  const stopped = lab.run("wait", stop.signal);
  for (let n = 0; n < 200 && asked() === before; n++) await Bun.sleep(50);
  stop.abort();
  expect(await stopped, "stopped");
  before = asked();
  const killed = lab.run("wait again");
  for (let n = 0; n < 200 && asked() === before; n++) await Bun.sleep(50);
  process.kill(lab.pids.at(-1) ?? 0, "SIGKILL");
  expect(await killed, "failed", "SIGKILL");
  speak();
  expect(await lab.run("hello again"), "answer");
}

/** A command that the model runs must leave its mark with `permissions=allow`, and none without. */
async function command(
  make: (models: FakeModels, ...options: string[]) => Lab,
  use: (command: string) => ToolUse,
  told = true,
): Promise<void> {
  for (const permissions of ["deny", "allow"]) {
    using models = new FakeModels();
    await using lab = make(models, ...(permissions === "deny" ? [] : ["permissions=allow"]));
    const target = join(lab.cwd, "made.txt");
    models.tool = use(`touch ${target}`);
    const outcome = expect(await lab.run("make a file"), "answer", "ok");
    const shown = `${permissions}: ${JSON.stringify(outcome)} ${lab.parts.notes.join("; ")}`;
    must(models.tool === undefined && models.calls.length > 0, `no tool was used, ${shown}`);
    must(existsSync(target) === (permissions === "allow"), shown);
    const refused = lab.parts.notes.some((note) => note.includes("was refused"));
    must(refused === (told && permissions === "deny"), shown);
  }
}

const CHECKS: Record<string, () => Promise<void>> = {
  "claude: not logged in is the operator's": async () => {
    await using lab = new Lab("claude");
    expect(await lab.run("hello"), "operator", "log in by hand");
  },
  "claude: a conversation, also after a restart": async () => {
    using api = new FakeAnthropic();
    await using lab = claude(api);
    await converse(lab, () => api.sent());
  },
  "claude: stopped, then killed, and works again": async () => {
    using api = new FakeAnthropic();
    await using lab = claude(api);
    const silence = () => void (api.answer = () => "silence");
    const speak = () => void (api.answer = () => ({ blocks: [{ text: "ok" }] }));
    await interrupt(lab, silence, speak, () => api.calls.length);
  },
  "claude: a tool that it may not use, and that it may": async () => {
    for (const permissions of ["deny", "allow"]) {
      using api = new FakeAnthropic();
      await using lab = claude(api, `permissions=${permissions}`);
      const target = join(lab.cwd, "made.txt");
      const input = { file_path: target, content: "made" };
      api.answer = (call) =>
        JSON.stringify(call.messages).includes("tool_result")
          ? { blocks: [{ text: "that is all" }] }
          : { blocks: [{ text: "I make it" }, { tool: "Write", input }] };
      const outcome = await lab.run("make a file");
      if (permissions === "allow") expect(outcome, "answer", "that is all");
      must(
        existsSync(target) === (permissions === "allow"),
        `${permissions}: ${JSON.stringify(outcome)}`,
      );
      must(lab.parts.notes.length > 0 === (permissions === "deny"), lab.parts.notes.join("; "));
      must(lab.texts.includes("I make it"), "it did not tell what it said on the way");
      must(lab.tasks.length > 0, "it did not tell what it does");
    }
  },
  "claude: reads neither past its folder with a command, nor other conversations": async () => {
    using api = new FakeAnthropic();
    await using lab = claude(api);
    const used = (messages: unknown[]) =>
      JSON.stringify(messages.slice(-2)).includes("tool_result");
    const use = (tool: string, input: object) =>
      void (api.answer = ({ messages }) =>
        used(messages) ? { blocks: [{ text: "done" }] } : { blocks: [{ tool, input }] });
    lab.file("secret.txt", "CANARY");
    use("Bash", { command: "cat < ../secret.txt", description: "look" });
    expect(await lab.run("the word is PLUM"), "answer", "done");
    must(!api.sent().includes("CANARY"), "it ran the command");
    // What is taken up again is as guarded as what is new.
    await lab.restart();
    expect(await lab.run("once more"), "answer", "done");
    must(!api.sent().includes("CANARY"), "after a restart it ran the command");
    const folder = join(lab.home, ".claude", "projects");
    use("Grep", { pattern: "PLUM", path: folder, output_mode: "content" });
    expect(await lab.run({ text: "what do others say?", contextId: "another" }), "answer", "done");
    must(!api.sent().replaceAll(`"PLUM"`, "").includes("PLUM"), "it reads other conversations");
  },
  "claude: an overloaded model, a bad key, no credit": async () => {
    using api = new FakeAnthropic();
    await using lab = claude(api);
    const fails = (status: number, type: string, message: string) =>
      void (api.answer = () => ({ status, type, message }));
    fails(529, "overloaded_error", "Overloaded");
    expect(await lab.run("hello"), "again", "overloaded");
    fails(401, "authentication_error", "invalid x-api-key");
    expect(await lab.run("hello"), "operator");
    fails(400, "invalid_request_error", "prompt is too long");
    expect(await lab.run("hello"), "failed");
  },
  "claude: an image reaches the model, a mode is set": async () => {
    using api = new FakeAnthropic();
    await using lab = claude(api, "mode=plan", "model=haiku");
    const png =
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    const path = lab.file("dot.png", Buffer.from(png, "base64"));
    const files = [
      { name: "dot.png", mimeType: "image/png", uri: undefined, size: undefined, path },
    ];
    expect(await lab.run({ text: "look", files }), "answer", "ok");
    must(api.sent().includes(png.slice(0, 40)), "the image did not reach the model");
  },
  "opencode: a conversation, also after a restart": async () => {
    using models = new FakeModels();
    await using lab = opencode(models);
    await converse(lab, () => models.sent());
  },
  "opencode: stopped, then killed, and works again": async () => {
    using models = new FakeModels();
    await using lab = opencode(models);
    const set = (mode: FakeModels["mode"]) => () => void (models.mode = mode);
    await interrupt(lab, set("silent"), set("ok"), () => models.calls.length);
  },
  "opencode: a model that is not offered is named": async () => {
    using models = new FakeModels();
    await using lab = opencode(models, "model=fake/none");
    expect(await lab.run("hello"), "operator", "fake/m");
  },
  "opencode: a command that it may not run, and that it may": () =>
    command(opencode, (line) => ({ name: "bash", input: { command: line, description: "x" } })),
  "opencode: what it starts in a session of its own ends with it": async () => {
    using models = new FakeModels();
    await using lab = opencode(models, "permissions=allow");
    const line = "setsid sleep 300 & sleep 300";
    models.tool = { name: "bash", input: { command: line, description: "x" } };
    const stop = new AbortController();
    const running = lab.run("go", stop.signal);
    const sleeping = () => marked(lab.home).filter(isSleep).length;
    for (let n = 0; n < 300 && sleeping() < 2; n++) await Bun.sleep(50);
    must(sleeping() >= 2, "it did not run the command");
    stop.abort();
    expect(await running, "stopped");
    // That none is left is seen to when the lab is left.
  },
  "gemini: a command that it may not run, and that it may": () =>
    command(gemini, (line) => ({ name: "run_shell_command", input: { command: line } })),
  "codex: a command that it may not run, and that it may": () =>
    command(codex, (line) => ({ name: "exec_command", input: { cmd: line } }), false),
  "gemini: not logged in is the operator's": async () => {
    await using lab = new Lab("gemini");
    expect(await lab.run("hello"), "operator", "Log in with Google");
  },
  "gemini: a conversation, also after a restart": async () => {
    using models = new FakeModels();
    await using lab = gemini(models);
    await converse(lab, () => models.sent());
  },
  "codex: not logged in is the operator's": async () => {
    await using lab = new Lab("codex");
    expect(await lab.run("hello"), "operator", "ChatGPT");
  },
  "codex: a conversation, also after a restart": async () => {
    using models = new FakeModels();
    await using lab = codex(models);
    await converse(lab, () => models.sent());
  },
  "codex: an overloaded model": async () => {
    using models = new FakeModels();
    models.mode = "overloaded";
    await using lab = codex(models);
    expect(await lab.run("hello"), "again", "overloaded");
  },
};

let bad = 0;
const end = performance.now() + ALL_MS;
for (const [name, check] of Object.entries(CHECKS)) {
  if (!name.includes(only)) continue;
  const started = performance.now();
  const limit = Math.min(2 * CHECK_MS, end - started);
  const late = Bun.sleep(limit).then(() => Promise.reject(new Error("it takes too long")));
  const result = await Promise.race([check(), late]).then(
    () => "ok",
    (error: unknown) => `FAILED: ${String(error)}`,
  );
  if (result !== "ok") bad++;
  console.log(
    `${result === "ok" ? "ok  " : "bad "} ${name} (${Math.round(performance.now() - started)} ms)${result === "ok" ? "" : `\n     ${result}`}`,
  );
}
killAllGroups();
process.exit(bad === 0 ? 0 : 1);
