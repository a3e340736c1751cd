import { expect, setDefaultTimeout } from "bun:test";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { BINARY } from "../../scripts/set-up.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { onPosix } from "../harness/platform.ts";

const pipes = onPosix("Windows has no named pipes of this kind").test;

setDefaultTimeout(60_000);

/** Each request is a line of the log. */
const DEV = ["dev", "--ephemeral", "--port", "0", "--rate-limit", "0", "-v", "-o", "json"];
const LONG_PATH = `/${"x".repeat(200)}`;

/**
 * The dev platform with a named pipe for its log, which is open for reading and not read. Not a pipe
 * of Bun.spawn, whose other end is read whether anybody asks or not.
 */
function start(home: string) {
  const log = join(home, "log");
  Bun.spawnSync(["mkfifo", log]);
  // For both, since to open it for reading alone waits for a writer.
  const opener = openSync(log, "r+");
  const script = 'log=$1; shift; exec "$0" "$@" 2>"$log"';
  const dev = Bun.spawn(["sh", "-c", script, BINARY, log, ...DEV], {
    cwd: home,
    env: { PATH: process.env.PATH ?? "", HOME: home },
    stdio: ["ignore", "pipe", "inherit"],
  });
  return Object.assign(dev, { log, opener });
}

async function urlOf(stdout: ReadableStream<Uint8Array>): Promise<string> {
  let told = "";
  const reader = stdout.getReader();
  while (!told.includes("\n")) {
    const { done, value } = await reader.read();
    if (done) throw new Error("it ended before it was ready");
    told += new TextDecoder().decode(value);
  }
  return JSON.parse(told).url;
}

/** Asks so much that the log would fill any pipe, and has each question answered. */
async function flood(url: string): Promise<void> {
  for (let i = 0; i < 60; i++) {
    const asked = Array.from({ length: 50 }, () => fetch(`${url}${LONG_PATH}`));
    for (const answer of await Promise.all(asked))
      expect((await answer.text()).length).toBeGreaterThan(0);
  }
}

/** Reads until the condition holds. */
async function readUntil(
  reader: { read(): Promise<{ done: boolean; value?: Uint8Array | undefined }> },
  holds: (text: string) => boolean,
): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  while (!holds(text)) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`the log ended with: ${text.slice(-500)}`);
    text += decoder.decode(value, { stream: true });
  }
  return text;
}

const GAP = /^\.\.\. \d+ lines? of the log w\w+ dropped: nobody reads standard error$/m;

pipes(
  "while nobody reads the log each request is answered, and later the log goes on",
  async () => {
    using home = tmpFolder();
    await using dev = start(home.path);
    const url = await urlOf(dev.stdout);
    const end = openSync(dev.log, "r");
    closeSync(dev.opener);
    await flood(url);
    await using cat = Bun.spawn(["cat"], {
      env: { PATH: process.env.PATH ?? "" },
      stdio: [end, "pipe", "inherit"],
    });
    closeSync(end);
    const reader = cat.stdout.getReader();
    await readUntil(reader, (text) => GAP.test(text));
    await fetch(`${url}/asked-afterwards`);
    await readUntil(reader, (text) => text.includes("/asked-afterwards"));
  },
);

pipes("a log that nobody reads does not keep the program from ending", async () => {
  using home = tmpFolder();
  await using dev = start(home.path);
  await flood(await urlOf(dev.stdout));
  dev.kill("SIGTERM");
  expect(await dev.exited).toBe(0);
  closeSync(dev.opener);
});
