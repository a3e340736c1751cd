/**
 * Makes a Postgres in the folder and keeps it until the end of its input, which comes however the process
 * that started this one ends: then neither server nor folder is left. `postgres-keeper.ts FOLDER BIN
 * [SETTING...]` tells port and password on its first line, as JSON. Each line of input is `start`, or a
 * signal for the server; once that is done, it is answered by an empty line, or by why it could not be done.
 */
import { chownSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "./port.ts";
import { SERVER_USER } from "./postgres-user.ts";

/** What was killed may hold the memory, and another program the port, for a moment. */
const START_MS = 10_000;
const REMOVE_MS = 10_000;

const [folder = "", bin = "", ...settings] = process.argv.slice(2);
const data = join(folder, "data");
let port = freePort();
let server: Bun.Subprocess<"ignore", "ignore", "pipe"> | undefined;

async function initialize(password: string): Promise<void> {
  const passwordFile = join(folder, "password");
  writeFileSync(passwordFile, password);
  mkdirSync(data);
  if (SERVER_USER !== undefined) {
    const { uid, gid } = SERVER_USER;
    for (const path of [folder, passwordFile, data]) chownSync(path, uid, gid);
  }
  const words = ["--username=molecule", `--pwfile=${passwordFile}`, "--auth=scram-sha-256"];
  const kind = ["--encoding=UTF8", "--no-locale", "--no-sync"];
  const command = [join(bin, "initdb"), "-D", data, ...words, ...kind];
  const child = Bun.spawn(command, { ...SERVER_USER, cwd: folder, stderr: "pipe" });
  const complaint = await child.stderr.text();
  if ((await child.exited) !== 0) throw new Error(`initdb failed: ${complaint}`);
}

async function start(): Promise<void> {
  const isFirst = server === undefined;
  for (const end = performance.now() + START_MS; ; await Bun.sleep(50)) {
    const complaint = await launch();
    if (complaint === undefined) return;
    if (performance.now() >= end) throw new Error(`postgres did not start: ${complaint}`);
    // Nobody knows of the port yet.
    if (isFirst) port = freePort();
  }
}

/** Gives what the server said where it ended instead of getting ready. */
async function launch(): Promise<string | undefined> {
  const command = [join(bin, "postgres"), "-D", data, "-p", String(port)];
  for (const setting of settings) command.push("-c", setting);
  server = Bun.spawn(command, { ...SERVER_USER, cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  const log = server.stderr.pipeThrough(new TextDecoderStream()).getReader();
  let told = "";
  while (!told.includes("ready to accept connections")) {
    const { done, value } = await log.read();
    if (done) return told;
    told += value;
  }
  void drain(log);
  return undefined;
}

/** A pipe that nobody empties would stop the server. */
async function drain(log: { read(): Promise<{ done: boolean }> }): Promise<void> {
  while (!(await log.read()).done);
}

async function end(signal: NodeJS.Signals): Promise<void> {
  if (server?.exitCode !== null || server.signalCode !== null) return;
  if (signal === "SIGKILL") killChildren(server.pid);
  server.kill(signal);
  await server.exited;
}

/** They would go on with what they are at. While their parent is stopped, nothing changes about them. */
function killChildren(parent: number): void {
  process.kill(parent, "SIGSTOP");
  for (const child of childrenOf(parent)) process.kill(child, "SIGKILL");
}

function childrenOf(parent: number): number[] {
  // What follows the name, which may have any character in it, is the state and the parent.
  const isChild = (name: string) =>
    new RegExp(`\\) \\S ${parent} [^)]*$`).test(readIfThere(`/proc/${name}/stat`));
  if (process.platform === "linux") return readdirSync("/proc").filter(isChild).map(Number);
  const all = Bun.spawnSync(["ps", "-A", "-o", "pid=,ppid="]).stdout.toString();
  const pairs = all.split("\n").map((line) => line.trim().split(/\s+/).map(Number));
  return pairs.flatMap(([pid, ppid]) => (pid !== undefined && ppid === parent ? [pid] : []));
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

/** What was killed may be writing for a moment yet. */
async function remove(): Promise<void> {
  for (const end = performance.now() + REMOVE_MS; ; await Bun.sleep(50)) {
    try {
      return rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      if (performance.now() >= end) throw error;
    }
  }
}

const obey = (word: string) => (word === "start" ? start() : end(word as NodeJS.Signals));

try {
  const password = crypto.randomUUID();
  await initialize(password);
  await start();
  console.log(JSON.stringify({ port, password }));
  for await (const line of console) {
    const complaint = await obey(line).catch(String);
    console.log((complaint ?? "").replaceAll("\n", " "));
  }
} finally {
  await end("SIGQUIT");
  await remove();
}
