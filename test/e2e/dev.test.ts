import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { Run, runToEnd } from "../harness/binary.ts";
import { Dev } from "../harness/connect.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { onPosix } from "../harness/platform.ts";

const withModes = onPosix("Windows has no modes of files").test;

const signalled = onPosix("Windows has no signals").test;

const inShell = onPosix("its lines are for sh").test;

setDefaultTimeout(60_000);

test("a port that is taken ends the start with 1 and says how to choose another", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path);
  const { port } = new URL(dev.url);
  const second = await runToEnd(["dev", "--ephemeral", "--port", port], { home: home.path });
  expect(second).toMatchObject({ code: 1, stdout: "" });
  expect(second.stderr).toBe(
    `error: port ${port} is in use\nhint: choose another with --port, 0 picks a free one\n`,
  );
});

test("what it was told survives a restart, and so do its workspaces and their tokens", async () => {
  using home = tmpFolder();
  const flags = { port: 0, db: join(home.path, "my platform.db") };
  await using first = await Dev.start(home.path, flags);
  await first.send("before the restart", first.ada, {});
  await first.run.stop();
  await using second = await Dev.start(home.path, flags);
  expect(second.workspaces).toEqual(first.workspaces);
  expect(second.adminTokenFile).toBe(first.adminTokenFile);
  await using bridge = second.connect(home.path, { flags: { once: true } });
  await bridge.endsWith(0);
  const texts = (await second.feed()).map((row) => row.request_body.params.message.parts[0].text);
  expect(texts).toEqual(["before the restart"]);
  expect(bridge.of("answered")).toMatchObject([{ to: second.ada.id }]);
});

withModes(
  "without --db its data is in the folder of its owner, who alone can read the tokens",
  async () => {
    using home = tmpFolder();
    await using dev = await Dev.start(home.path, { port: 0 });
    const folder = join(home.path, ".config", "molecule", "dev");
    expect(existsSync(join(folder, "platform.db"))).toBe(true);
    const tokens = dirname(dev.adminTokenFile);
    expect(dirname(tokens)).toBe(folder);
    for (const path of [folder, tokens]) expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(readdirSync(tokens).sort()).toEqual([
      "ada.token",
      "admin.token",
      "agent.token",
      "ben.token",
      "page.token",
    ]);
    for (const name of readdirSync(tokens)) {
      expect(statSync(join(tokens, name)).mode & 0o777).toBe(0o600);
    }
  },
);

signalled("an ephemeral one leaves nothing behind, by whichever signal it is stopped", async () => {
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    using home = tmpFolder();
    await using dev = await Dev.start(home.path);
    expect(statSync(dirname(dev.adminTokenFile)).mode & 0o777).toBe(0o700);
    expect(statSync(dev.adminTokenFile).mode & 0o777).toBe(0o600);
    dev.run.signal(signal);
    await dev.run.endsWith(0);
    expect(readdirSync(home.path)).toEqual([]);
  }
});

inShell("what it tells a person to paste works as it stands", async () => {
  using home = tmpFolder();
  const odd = join(home.path, "it's a folder");
  mkdirSync(odd);
  const setup = { home: home.path, env: { TMPDIR: odd } };
  await using dev = new Run(["dev", "--ephemeral", "--port", "0"], setup);
  const [connect, asPeer, asPerson, list] = await pasted(dev);
  await using bridge = new Run([], { ...setup, by: connect ?? [] });
  await bridge.until(() => bridge.stderr.includes("connected"), "the connection");
  for (const by of [asPeer, asPerson]) {
    const asked = await runToEnd([], { ...setup, by: by ?? [] });
    expect(asked).toMatchObject({ code: 0, stdout: "HELLO THERE\n", stderr: "" });
  }
  const listed = await runToEnd([], { ...setup, by: list ?? [] });
  expect(listed).toMatchObject({ code: 0, stderr: "" });
  for (const name of ["agent", "ada", "ben"]) expect(listed.stdout).toContain(` ${name} `);
  await bridge.stop();
  await dev.stop();
});

inShell("the setting that it suggests spares its owner the admin token's flag", async () => {
  using home = tmpFolder();
  await using dev = new Run(["dev", "--port", "0", "--tenant-org", "acme"], { home: home.path });
  const [, , , set, list] = await pasted(dev);
  for (const by of [set, list]) {
    expect(await runToEnd([], { home: home.path, by: by ?? [] })).toMatchObject({ code: 0 });
  }
  expect(list?.join(" ")).not.toContain("--api-token-file");
  await dev.stop();
});

/** The lines to paste that it prints, each as what a shell runs with our binary as its `$0`. */
async function pasted(dev: Run): Promise<string[][]> {
  await dev.until(() => dev.stdout.includes("Ctrl-C"), "what to paste");
  return [...dev.stdout.matchAll(/^  molecule (.*)$/gm)].map(([, line]) => [
    "sh",
    "-c",
    `exec "$0" ${line}`,
  ]);
}

test("--revision chooses the contract that it serves", async () => {
  for (const revision of ["r1", "r2"]) {
    using home = tmpFolder();
    await using dev = await Dev.start(home.path, { ephemeral: true, port: 0, revision });
    expect(await dev.send("hello", dev.ada, {})).toMatchObject({ code: 0 });
    expect((await dev.feed()).map((row) => "seq" in row)).toEqual([revision === "r2"]);
    await using bridge = dev.connect(home.path, { flags: { once: true } });
    await bridge.endsWith(0);
    expect(bridge.of("answered")).toMatchObject([{ to: dev.ada.id }]);
    // Nobody's token: the person at the canvas to one, nobody to the other.
    const { status } = await fetch(`${dev.url}/workspaces/${dev.agent.id}/a2a`, {
      method: "POST",
      body: JSON.stringify({ method: "message/send", params: null }),
    });
    expect(status).toBe(revision === "r1" ? 200 : 401);
  }
});

test("a revision that there is not is refused with those that there are", async () => {
  using home = tmpFolder();
  const dev = await runToEnd(["dev", "--revision", "r3"], { home: home.path });
  expect(dev).toMatchObject({ code: 2, stdout: "" });
  expect(dev.stderr).toContain("r1");
  expect(dev.stderr).toContain("r2");
});

test("with --late-commits every message arrives, some behind later ones", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path, {
    ephemeral: true,
    port: 0,
    "late-commits": "300ms",
  });
  const answered: number[] = [];
  const numbers = Array.from({ length: 60 }, (_, i) => i);
  const send = async (n: number) => {
    const message = { role: "user", messageId: `m-${n}`, parts: [{ kind: "text", text: `${n}` }] };
    const response = await fetch(`${dev.url}/workspaces/${dev.agent.id}/a2a`, {
      method: "POST",
      headers: { authorization: `Bearer ${dev.ada.token}` },
      body: JSON.stringify({ jsonrpc: "2.0", id: n, method: "message/send", params: { message } }),
    });
    expect(response.status).toBe(200);
    const { seq } = (await dev.feed()).find((row) => row.request_body.id === n);
    answered.push(seq);
  };
  await Promise.all(numbers.map(send));
  // That none of sixty is late, or all are late in their order, does not happen.
  expect(answered).not.toEqual([...answered].sort((a, b) => a - b));
  expect([...answered].sort((a, b) => a - b)).toEqual(numbers.map((n) => n + 1));
});
