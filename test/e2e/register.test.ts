import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { connect, Dev, stateDir } from "../harness/connect.ts";
import { ScriptedPlatform, TOKEN, WORKSPACE } from "../harness/scripted-platform.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { onPosix } from "../harness/platform.ts";

const withModes = onPosix("Windows has no modes of files").test;

const signalled = onPosix("Windows has no signals").test;

setDefaultTimeout(60_000);

const busy = (headers: Record<string, string> = {}) =>
  Response.json({ error: "busy" }, { status: 503, headers });

test("a busy platform is asked again, and the second try counts", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  platform.on("register", (_, nth) => (nth === 1 ? busy() : undefined));
  await using bridge = connect(platform.url, home.path, { flags: { once: true } });
  await bridge.endsWith(0);
  expect(bridge.of("register-retry")).toMatchObject([{ attempt: 1, level: "warn" }]);
  expect(platform.calls("register")).toHaveLength(2);
  expect(platform.calls("register")[1]?.body).toMatchObject({
    id: WORKSPACE,
    delivery_mode: "poll",
  });
});

test("a refused token ends the run at once with 3, and says what to do", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  platform.on("register", () => Response.json({ error: "invalid token" }, { status: 401 }));
  await using bridge = connect(platform.url, home.path);
  await bridge.endsWith(3);
  expect(bridge.failure).toMatch(/^error: .*refused the token from MOLECULE_WORKSPACE_TOKEN/m);
  expect(bridge.failure).toMatch(/^hint: Get a new token/m);
  expect(platform.calls("register")).toHaveLength(1);
  expect(platform.calls("activity")).toHaveLength(0);
});

test("a workspace that was removed ends the run with 5", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path);
  const admin = readFileSync(dev.adminTokenFile, "utf8").trim();
  const removed = await fetch(`${dev.url}/workspaces/${dev.agent.id}`, {
    method: "DELETE",
    headers: { authorization: `Bearer ${admin}`, "x-confirm-name": dev.agent.name },
  });
  expect(removed.status).toBe(200);
  await using bridge = dev.connect(home.path);
  await bridge.endsWith(5);
  expect(bridge.failure).toContain(`workspace ${dev.agent.id} was removed`);
});

test("a refused token of a workspace that was removed ends the run with 5, too", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  platform.on("register", () => Response.json({ error: "invalid token" }, { status: 401 }));
  platform.on("workspace", () => Response.json({ error: "workspace removed" }, { status: 410 }));
  await using bridge = connect(platform.url, home.path);
  await bridge.endsWith(5);
});

withModes(
  "a token that the registration hands out is kept for its owner alone, and used again",
  async () => {
    using home = tmpFolder();
    await using platform = new ScriptedPlatform();
    platform.on("register", () =>
      Response.json({ status: "registered", delivery_mode: "poll", auth_token: TOKEN }),
    );
    const setup = { flags: { once: true }, env: { MOLECULE_WORKSPACE_TOKEN: "" } } as const;
    await using first = connect(platform.url, home.path, setup);
    await first.endsWith(0);
    const path = join(stateDir(home.path), `${WORKSPACE}.token`);
    expect(readFileSync(path, "utf8")).toBe(`${TOKEN}\n${new URL(platform.url).origin}\n`);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await using second = connect(platform.url, home.path, setup);
    await second.endsWith(0);
    const sent = platform.calls("register").map(({ headers }) => headers.get("authorization"));
    expect(sent).toEqual([null, `Bearer ${TOKEN}`]);
  },
);

describe.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("%s", (signal) => {
  signalled("ends the tries to register promptly and well", async () => {
    using home = tmpFolder();
    await using platform = new ScriptedPlatform();
    // Longer than this test waits for anything.
    platform.on("register", () => busy({ "retry-after": "300" }));
    await using bridge = connect(platform.url, home.path);
    expect((await bridge.untilEvent("register-retry")).in_ms).toBeGreaterThanOrEqual(300_000);
    bridge.signal(signal);
    await bridge.endsWith(0);
    expect(bridge.of("stopped")).toHaveLength(1);
  });
});

signalled("a signal ends a registration that gets no answer", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  platform.on("register", () => new Promise<Response>(() => {}));
  await using bridge = connect(platform.url, home.path);
  await platform.untilCalled("register");
  await bridge.stop();
});
