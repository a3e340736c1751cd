/** Push mode as a process, against the embedded platform in both of its revisions. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Run } from "../harness/binary.ts";
import { Dev, type ConnectSetup } from "../harness/connect.ts";
import { Gate } from "../harness/gate.ts";
import { freePort } from "../harness/port.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { onPosix } from "../harness/platform.ts";

const inShell = onPosix("its command is for sh").test;

const signalled = onPosix("Windows has no signals").test;

setDefaultTimeout(60_000);

const REVISIONS = ["r1", "r2"];

const start = (home: string, revision: string) =>
  Dev.start(home, { ephemeral: true, port: 0, revision });

/** A bridge in push mode as the agent of the platform. */
function push(dev: Dev, home: string, setup: ConnectSetup & { port?: number } = {}): Run {
  const { port = freePort(), flags, ...rest } = setup;
  return dev.connect(home, {
    ...rest,
    flags: {
      // Of poll mode.
      "interval-ms": undefined,
      "since-secs": undefined,
      mode: "push",
      listen: `127.0.0.1:${port}`,
      "public-url": `http://127.0.0.1:${port}/agent`,
      ...flags,
    },
  });
}

async function connected(bridge: Run): Promise<Run> {
  await bridge.untilEvent("connected");
  return bridge;
}

/** The address that the platform has, and the secret that it shows there, if it does. */
async function lookUp(dev: Dev): Promise<{ url: string; secret: string }> {
  const workspace = await fetch(`${dev.url}/workspaces/${dev.agent.id}`);
  const beat = await fetch(`${dev.url}/registry/heartbeat`, {
    method: "POST",
    headers: { authorization: `Bearer ${dev.agent.token}` },
    body: JSON.stringify({ workspace_id: dev.agent.id }),
  });
  return {
    url: ((await workspace.json()) as any).url,
    secret: ((await beat.json()) as any).platform_inbound_secret,
  };
}

/** A message by a peer, through the platform. */
async function ask(dev: Dev, text: string, messageId: string, more: object = {}) {
  const response = await fetch(`${dev.url}/workspaces/${dev.agent.id}/a2a`, {
    method: "POST",
    headers: { authorization: `Bearer ${dev.ada.token}`, "x-workspace-id": dev.ada.id },
    body: saying(text, messageId, more),
  });
  return { status: response.status, body: (await response.json()) as any };
}

function saying(text: string, messageId: string, more: object = {}): string {
  const message = { role: "user", messageId, parts: [{ kind: "text", text }], ...more };
  return JSON.stringify({ jsonrpc: "2.0", id: "1", method: "message/send", params: { message } });
}

/** Straight to the bridge. */
async function post(url: string, body: string, secret?: string) {
  const headers = secret === undefined ? {} : { authorization: `Bearer ${secret}` };
  const response = await fetch(url, { method: "POST", headers, body });
  const text = await response.text();
  return { status: response.status, text, body: text.startsWith("{") ? JSON.parse(text) : text };
}

const textOf = ({ body }: { body: any }): string => body?.result?.parts?.[0]?.text;

test.each(REVISIONS)(
  "a peer and the canvas of %s get the answer on the request, and no log tells the secret address",
  async (revision) => {
    using home = tmpFolder();
    await using dev = await start(home.path, revision);
    await using bridge = await connected(push(dev, home.path, { flags: { verbose: true } }));
    const peer = await dev.send("from a peer", dev.ada);
    expect([peer.code, peer.stdout]).toEqual([0, "echo: from a peer\n"]);
    const canvas = await dev.send("from the canvas");
    expect([canvas.code, canvas.stdout]).toEqual([0, "echo: from the canvas\n"]);
    const { url, secret } = await lookUp(dev);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/agent\/[\w-]{43}$/);
    await bridge.stop();
    for (const hidden of [url.split("/").at(-1) as string, secret, dev.agent.token]) {
      expect(bridge.stderr).not.toContain(hidden);
      expect(bridge.stdout).not.toContain(hidden);
    }
    expect(bridge.of("connected")[0]?.msg).toMatch(/pushed to http:\/\/127\.0\.0\.1:\d+\/agent$/);
    expect(bridge.of("taken").map(({ from }) => from)).toEqual(["unknown", "unknown"]);
    // Answered rows of the feed, and nothing was fetched or told elsewhere.
    const feed = await dev.feed();
    expect(feed.filter((row) => row.method === "message/send")).toHaveLength(2);
    expect(feed.every((row) => row.response_body !== undefined)).toBe(true);
  },
);

test("what does not come from the platform is refused: other paths, wrong secrets, and none after a good one", async () => {
  using home = tmpFolder();
  await using dev = await start(home.path, "r2");
  {
    await using bridge = await connected(push(dev, home.path));
    const { url, secret } = await lookUp(dev);
    const message = saying("hello", "m1");
    expect(await post(`${url}x`, message, secret)).toMatchObject({ status: 404, text: "" });
    expect(await post(new URL("/", url).href, message)).toMatchObject({ status: 404, text: "" });
    expect((await post(url, message, `${secret}x`)).status).toBe(401);
    await dev.send("hello", dev.ada);
    await bridge.untilEvent("push-secured");
    expect((await post(url, message)).status).toBe(401);
    expect(textOf(await post(url, message, secret))).toBe("echo: hello");
    const large = saying("x".repeat(16 * 1024 * 1024), "m2");
    expect(await post(url, large, secret)).toMatchObject({
      status: 413,
      body: { error: "the body is larger than 16 MiB" },
    });
    expect(await post(url, "junk", secret)).toMatchObject({ body: { error: { code: -32700 } } });
  }
  await using next = await connected(push(dev, home.path));
  const { url, secret } = await lookUp(dev);
  expect((await post(url, saying("hello", "m3"))).status).toBe(401);
  expect(textOf(await post(url, saying("hello", "m1"), secret))).toBe("echo: hello");
  expect(next.of("taken")).toEqual([]);
});

inShell.each(REVISIONS)(
  "a repeat on %s joins the run, gets the kept answer later, and after a restart",
  async (revision) => {
    using home = tmpFolder();
    using gate = new Gate(home.path);
    await using dev = await start(home.path, revision);
    const setup = { cmd: `echo started >&2; ${gate.wait}; echo "answer $$"` };
    let first;
    {
      await using bridge = await connected(push(dev, home.path, setup));
      const asked = ask(dev, "hello", "m1", { contextId: "c" });
      await bridge.untilBackendSays("started");
      const repeated = ask(dev, "hello", "m1", { contextId: "c" });
      await bridge.untilEvent("push-repeat");
      gate.open();
      first = await asked;
      expect(textOf(first)).toStartWith("answer ");
      expect(textOf(await repeated)).toBe(textOf(first));
      expect(textOf(await ask(dev, "hello", "m1", { contextId: "c" }))).toBe(textOf(first));
      await bridge.stop();
      expect(bridge.of("taken")).toHaveLength(1);
    }
    await using next = await connected(push(dev, home.path, setup));
    const again = await ask(dev, "hello", "m1", { contextId: "c" });
    expect(again.body.result).toEqual(first.body.result);
    expect(next.of("taken")).toEqual([]);
  },
);

inShell(
  "after a kill in the middle nothing survives the next start, and the repeat is told that it was interrupted",
  async () => {
    using home = tmpFolder();
    await using dev = await start(home.path, "r1");
    const script = join(home.path, "agent.sh");
    writeFileSync(
      script,
      `echo "$MOLECULE_INTERRUPTED $MOLECULE_ATTEMPT" >> '${home.path}/runs'
     if [ "$MOLECULE_INTERRUPTED" = true ]; then echo mended; exit; fi
     sleep 1000 & echo started >&2; sleep 1000`,
    );
    {
      await using bridge = await connected(push(dev, home.path, { cmd: `sh '${script}'` }));
      const asked = ask(dev, "hello", "m1");
      await bridge.untilBackendSays("started");
      bridge.signal("SIGKILL");
      expect((await bridge.end()).killedBy).toBe("SIGKILL");
      expect((await asked).status).toBe(502);
      await using next = await connected(push(dev, home.path, { cmd: `sh '${script}'` }));
      const [recovered] = next.of("recovered");
      expect(recovered).toMatchObject({ runs: 1 });
      expect(recovered?.msg).toContain("a message that is sent again is run again");
      await bridge.untilChildless();
      expect(next.of("taken")).toEqual([]);
      expect(textOf(await ask(dev, "hello", "m1"))).toBe("mended");
    }
    expect(readFileSync(join(home.path, "runs"), "utf8")).toBe("false 1\ntrue 2\n");
  },
);

signalled(
  "a first signal finishes and answers what runs, and refuses what comes; a second ends at once",
  async () => {
    using home = tmpFolder();
    using gate = new Gate(home.path);
    await using dev = await start(home.path, "r2");
    const cmd = `echo started >&2; ${gate.wait}; cat`;
    {
      await using bridge = await connected(
        push(dev, home.path, { cmd, flags: { "grace-secs": 3600 } }),
      );
      const running = ask(dev, "running", "m1");
      await bridge.untilBackendSays("started");
      bridge.signal("SIGTERM");
      await bridge.untilEvent("draining");
      expect(await ask(dev, "late", "m2")).toMatchObject({ status: 503 });
      gate.open();
      expect(textOf(await running)).toBe("running");
      await bridge.endsWith(0);
      expect(bridge.of("stopped")).toMatchObject([{ settled: 1 }]);
    }
    await using bridge = await connected(
      push(dev, home.path, { cmd, flags: { "grace-secs": 3600 } }),
    );
    const doomed = ask(dev, "doomed", "m3");
    await bridge.untilBackendSays("started");
    bridge.signal("SIGTERM");
    await bridge.untilEvent("draining");
    bridge.signal("SIGINT");
    await bridge.endsWith(130);
    await bridge.untilChildless();
    expect((await doomed).status).toBeGreaterThanOrEqual(500);
  },
);

inShell("a flood fills the queue, and no more", async () => {
  using home = tmpFolder();
  using gate = new Gate(home.path);
  await using dev = await start(home.path, "r1");
  await using bridge = await connected(
    push(dev, home.path, { cmd: `${gate.wait}; echo ok`, flags: { "grace-secs": 0 } }),
  );
  const { url } = await lookUp(dev);
  const all = Array.from({ length: 100 }, (_, n) => post(url, saying(`text ${n}`, `m${n}`)));
  const refused = await Promise.any(all.map(onlyBusy));
  expect(refused.body).toEqual({ error: "the agent is busy", busy: true, retry_after: 30 });
  await bridge.stop();
  const ends = await Promise.all(all);
  expect(ends.every(({ status }) => status === 503)).toBe(true);
  // One ran, 64 waited.
  expect(ends.filter(({ body }) => body.restarting)).toHaveLength(65);
});

test("the workspace is one bridge's: a second is refused, and a later one may fetch again", async () => {
  using home = tmpFolder();
  await using dev = await start(home.path, "r2");
  {
    await using polling = dev.connect(home.path);
    await polling.untilEvent("connected");
    await using second = push(dev, home.path);
    await second.endsWith(1);
    expect(second.failure).toContain("another bridge holds this workspace");
    await polling.stop();
  }
  {
    await using bridge = await connected(push(dev, home.path));
    expect(textOf(await ask(dev, "pushed", "m1"))).toBe("echo: pushed");
    await bridge.stop();
  }
  await using polling = dev.connect(home.path);
  await polling.untilEvent("connected");
  const sent = await dev.send("fetched", dev.ada);
  expect([sent.code, sent.stdout]).toEqual([0, "echo: fetched\n"]);
  // What was pushed and answered is not taken for a new message.
  await polling.stop();
  expect(polling.of("taken")).toHaveLength(1);
});

test("flags that can't be meant are refused before anything is done", async () => {
  using home = tmpFolder();
  const cases: [flags: Record<string, string | true | undefined>, words: string][] = [
    [{ "public-url": undefined }, "--mode push needs --public-url"],
    [{ "public-url": "agent.example.com" }, "--public-url must be a URL"],
    [{ listen: "8787" }, "--listen must be HOST:PORT"],
    [{ "allow-from": "canvas" }, "--allow-from can't be kept to in push mode"],
    // Everyone, in other words.
    [{ "allow-from": "Peers,canvas", progress: "notify" }, "--progress notify has no meaning"],
    [{ once: true }, "--once has no meaning in push mode"],
    [{ "interval-ms": "5" }, "--interval-ms has no meaning in push mode"],
    [{ "since-secs": "5" }, "--since-secs has no meaning in push mode"],
    [{ progress: "notify" }, "--progress notify has no meaning in push mode"],
    [{ mode: "poll", listen: undefined }, "--public-url has no meaning where messages are fetched"],
    [
      { mode: "poll", "public-url": undefined },
      "--listen has no meaning where messages are fetched",
    ],
  ];
  await using dev = await start(home.path, "r2");
  for (const [flags, words] of cases) {
    await using bridge = push(dev, home.path, { flags });
    await bridge.endsWith(2);
    expect(bridge.stderr).toContain(words);
  }
});

test("an address that leads to another program ends the start with 1 and what to do", async () => {
  using home = tmpFolder();
  await using dev = await start(home.path, "r2");
  await using bridge = push(dev, home.path, { flags: { "public-url": `${dev.url}/agent` } });
  await bridge.endsWith(1);
  expect(bridge.failure).toContain("leads to something else than this bridge (its answer: 404)");
  expect(bridge.failure).toContain("passes everything under it on to 127.0.0.1:");
});

async function onlyBusy(posted: ReturnType<typeof post>) {
  const answer = await posted;
  if (answer.body.busy !== true) throw new Error("it was not refused for that");
  return answer;
}
