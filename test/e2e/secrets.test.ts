import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { blurting, Canary, expectUnseen } from "../harness/canary.ts";
import { connect, Dev, stateDir, type Flags } from "../harness/connect.ts";
import { row, ScriptedPlatform, WORKSPACE } from "../harness/scripted-platform.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { onPosix } from "../harness/platform.ts";

const inShell = onPosix("its command is for sh").test;

setDefaultTimeout(60_000);

const token = new Canary("token");
const env = { MOLECULE_WORKSPACE_TOKEN: token.value };

/** The forms of the log, as flags. */
const LOGS: [name: string, flags: Flags][] = [
  ["text", { "log-format": "text" }],
  ["verbose text", { "log-format": "text", verbose: true }],
  ["verbose JSON", { verbose: true }],
];

describe.each(LOGS)("in the %s log", (_, flags) => {
  test("a run that goes well shows no token, and leaves none on the disk", async () => {
    using home = tmpFolder();
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    await using bridge = connect(platform.url, home.path, { env, flags: { ...flags, once: true } });
    await bridge.endsWith(0);
    expect(platform.calls("a2a")).toHaveLength(1);
    expectUnseen(token, bridge);
    expect(token.inFiles(home.path)).toEqual([]);
  });

  test.each([
    ["register", 400, 1],
    ["register", 401, 3],
    ["activity", 400, 1],
    ["activity", 401, 3],
    ["a2a", 400, 0],
    ["a2a", 401, 0],
    ["notify", 404, 0],
  ] as const)("an answer of %s with %i that repeats the token does not show it", async (...row) => {
    const [route, status, code] = row;
    for (const padding of [0, 170, 280]) {
      using home = tmpFolder();
      await using platform = blurting(token, route, status, padding);
      await using bridge = connect(platform.url, home.path, {
        env,
        flags: { ...flags, once: true },
      });
      await bridge.endsWith(code);
      expect(platform.calls(route)).not.toEqual([]);
      expectUnseen(token, bridge);
      expect(token.inFiles(home.path)).toEqual([]);
    }
  });

  test.each(["register", "activity", "a2a", "heartbeat"] as const)(
    "a passing failure of %s that repeats the token does not show it",
    async (route) => {
      using home = tmpFolder();
      await using platform = blurting(token, route, 500, 280);
      await using bridge = connect(platform.url, home.path, {
        env,
        flags: { ...flags, "grace-secs": 0 },
      });
      await bridge.until(() => bridge.stderr.includes("500"), "word of the failure");
      await bridge.stop();
      expectUnseen(token, bridge);
    },
  );

  test("a note of the platform on a delivered answer does not show it", async () => {
    for (const padding of [0, 170]) {
      using home = tmpFolder();
      await using platform = blurting(token, "a2a", 200, padding);
      await using bridge = connect(platform.url, home.path, {
        env,
        flags: { ...flags, once: true },
      });
      await bridge.endsWith(0);
      expect(bridge.stderr).toContain("the platform notes: ");
      expectUnseen(token, bridge);
    }
  });

  test("the secret that register and heartbeat hand out is shown nowhere", async () => {
    using home = tmpFolder();
    const inbound = new Canary("inbound");
    await using platform = new ScriptedPlatform();
    const secret = { status: "ok", platform_inbound_secret: inbound.value };
    platform.on("register", () => Response.json(secret));
    platform.on("heartbeat", (_, nth) =>
      nth === 1
        ? Response.json(secret)
        : Response.json({ error: inbound.blurted }, { status: 500 }),
    );
    await using bridge = connect(platform.url, home.path, {
      env,
      flags: { ...flags, "heartbeat-ms": 20 },
    });
    await bridge.until(() => bridge.stderr.includes("500"), "word of the failure");
    await bridge.stop();
    expectUnseen(inbound, bridge);
    expect(inbound.inFiles(home.path)).toEqual([]);
  });
});

inShell("a token that is handed out is in its own file alone, which is its owner's", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1)];
  platform.on("register", () => Response.json({ status: "registered", auth_token: token.value }));
  await using bridge = connect(platform.url, home.path, {
    cmd: "env; cat",
    env: { MOLECULE_WORKSPACE_TOKEN: "" },
    flags: { once: true, verbose: true },
  });
  await bridge.endsWith(0);
  expectUnseen(token, bridge);
  const file = join(stateDir(home.path), `${WORKSPACE}.token`);
  expect(token.inFiles(stateDir(home.path))).toEqual([`${WORKSPACE}.token`]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(JSON.stringify(platform.calls("a2a").map(({ body }) => body))).toContain("text 1");
  expect(token.in(JSON.stringify(platform.calls("a2a").map(({ body }) => body)))).toEqual([]);
});

inShell(
  "an agent that prints the token, or writes it to its stderr, tells it to nobody",
  async () => {
    using home = tmpFolder();
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1), row(2, { source_id: null })];
    writeFileSync(join(home.path, "token"), token.value, { mode: 0o600 });
    await using bridge = connect(platform.url, home.path, {
      cmd: "cat token; cat token >&2; base64 <token; base64 <token >&2",
      env: { MOLECULE_WORKSPACE_TOKEN: "" },
      flags: { "token-file": "token", once: true },
    });
    await bridge.endsWith(0);
    expect(bridge.of("backend-stderr")).not.toEqual([]);
    expectUnseen(token, bridge);
    const posted = [...platform.calls("a2a"), ...platform.calls("notify")].map(({ body }) => body);
    expect(posted).toHaveLength(2);
    expect(token.in(JSON.stringify(posted))).toEqual([]);
  },
);

test("the platform for trying out tells where its tokens lie, and shows none", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path, { ephemeral: true, port: 0, verbose: true });
  const admin = readFileSync(dev.adminTokenFile, "utf8").trim();
  await using bridge = dev.connect(home.path);
  await bridge.untilEvent("connected");
  await dev.send("hello", dev.ada);
  await bridge.stop();
  await dev.run.stop();
  expect(dev.run.stderr).toContain("/registry/register");
  for (const secret of [admin, ...dev.workspaces.map((w) => w.token)]) {
    expect(secret.length).toBeGreaterThan(20);
    for (const text of [dev.run.stdout, dev.run.stderr, bridge.stderr, bridge.stdout]) {
      expect(text).not.toContain(secret);
    }
  }
});
