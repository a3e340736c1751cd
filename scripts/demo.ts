/**
 * The bridge at work, in one command: the embedded platform, a real `molecule connect` with a shell
 * command as its agent, and messages from two peers and the canvas. Each carries a number made just
 * now, and the answer must hold its double. Ends with exit 1 if any answer is wrong or missing.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BINARY, setUp } from "./set-up.ts";

const LIMIT_MS = 25_000;
const ON_WINDOWS = process.platform === "win32";

setUp();
const home = mkdtempSync(join(tmpdir(), "molecule-demo-"));
const command = ON_WINDOWS ? await script() : 'read -r n; echo "$n doubled is $((n * 2))"';
const running: Bun.Subprocess[] = [];
const limit = setTimeout(() => finish(`not done within ${LIMIT_MS / 1000} s`), LIMIT_MS);

function say(who: string, text: string): void {
  console.log(`${who.padEnd(9)}${text}`);
}

function start(args: string[]): Bun.Subprocess<"ignore", "pipe", "pipe"> {
  const child = Bun.spawn([BINARY, ...args], {
    env: { ...process.env, HOME: home, USERPROFILE: home },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  running.push(child);
  return child;
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}

/** Where there is no POSIX shell, Bun is the agent. */
async function script(): Promise<string> {
  const path = join(home, "double.ts");
  await Bun.write(
    path,
    "const n = Number(await Bun.stdin.text());\nconsole.log(`${n} doubled is ${n * 2}`);\n",
  );
  return `"${process.execPath}" "${path}"`;
}

/** Stops everything that was started, says how it went, and ends. */
async function finish(problem?: string): Promise<never> {
  clearTimeout(limit);
  for (const child of running.reverse()) {
    child.kill("SIGTERM");
    await Promise.race([child.exited, Bun.sleep(3_000)]);
    child.kill("SIGKILL");
  }
  rmSync(home, { recursive: true, force: true });
  if (problem !== undefined) console.error(`demo failed: ${problem}`);
  process.exit(problem === undefined ? 0 : 1);
}

interface Ready {
  url: string;
  workspaces: { id: string; name: string; token_file: string }[];
  admin_token_file: string;
}

async function main(): Promise<void> {
  const dev = start(["dev", "--ephemeral", "--port", "0", "-o", "json"]);
  const first = await lines(dev.stdout).next();
  if (first.done) throw new Error(`the platform did not start: ${await dev.stderr.text()}`);
  const ready = JSON.parse(first.value) as Ready;
  const [agent, ...peers] = ready.workspaces;
  if (agent === undefined) throw new Error("the platform has no workspace");
  say(
    "platform",
    `ready at ${ready.url}, with the workspaces ${ready.workspaces.map((w) => w.name).join(", ")}`,
  );

  const bridge = start([
    "connect",
    agent.id,
    "--api-url",
    ready.url,
    "--token-file",
    agent.token_file,
    "--backend",
    "exec",
    "--backend-opt",
    `cmd=${command}`,
    "--interval-ms",
    "100",
  ]);
  say("bridge", `molecule connect ${agent.id} --backend exec --backend-opt cmd='${command}'`);
  const connected = Promise.withResolvers<void>();
  void (async () => {
    for await (const line of lines(bridge.stderr)) {
      say("bridge", line);
      if (line.includes("connected")) connected.resolve();
    }
    connected.reject(new Error("the bridge ended before it was connected"));
  })();
  await connected.promise;

  const askers = [
    ...peers.map(({ id, name, token_file }) => ({
      name,
      who: ["--as", id, "--token-file", token_file],
    })),
    { name: "canvas", who: ["--api-token-file", ready.admin_token_file] },
  ];
  for (const { name, who } of askers) {
    const number = crypto.getRandomValues(new Uint16Array(1))[0] ?? 0;
    say(name, `asks: ${number}`);
    const began = performance.now();
    const to = ["agent", "send", agent.id, String(number), "--wait", "--api-url", ready.url];
    const asking = start([...to, ...who]);
    const [answer, trouble, code] = await Promise.all([
      asking.stdout.text(),
      asking.stderr.text(),
      asking.exited,
    ]);
    if (code !== 0) throw new Error(`${name} got no answer: ${trouble.trim()}`);
    say(name, `hears: ${answer.trim()} (${Math.round(performance.now() - began)} ms)`);
    const right = `${number} doubled is ${number * 2}`;
    if (answer.trim() !== right) throw new Error(`${name} should have heard "${right}"`);
  }
  bridge.kill("SIGTERM");
  // Windows has no such signal: the bridge is just ended.
  if ((await bridge.exited) !== 0 && !ON_WINDOWS)
    throw new Error(`the bridge ended with ${bridge.exitCode}`);
  say("demo", `${askers.length} messages asked and answered, all right`);
}

main().then(
  () => finish(),
  (error: Error) => finish(error.message),
);
