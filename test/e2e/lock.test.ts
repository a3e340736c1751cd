import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { connect, stateDir } from "../harness/connect.ts";
import { deadLetter } from "../harness/dead-letters.ts";
import { Gate } from "../harness/gate.ts";
import { sentTexts } from "../harness/peers.ts";
import { row, ScriptedPlatform, WORKSPACE } from "../harness/scripted-platform.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { onPosix } from "../harness/platform.ts";

const inShell = onPosix("its command is for sh").test;

const signalled = onPosix("Windows has no signals").test;

setDefaultTimeout(60_000);

/** A standby looks ten times a second; the rest is for a machine that is busy. */
const TAKE_OVER_MS = 5_000;

const waiting = { "wait-lock": true } as const;

test("a second bridge ends with 1 before it says anything to the platform, and names the first", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  await using first = connect(platform.url, home.path);
  await first.untilEvent("connected");
  const registered = platform.calls("register").length;
  await using second = connect(platform.url, home.path);
  await second.endsWith(1);
  expect(second.failure).toContain(
    `another bridge holds this workspace: process ${first.pid} on ${hostname()}, since 2`,
  );
  expect(second.failure).toContain("--wait-lock");
  expect(platform.calls("register")).toHaveLength(registered);
  // The first has noticed nothing.
  platform.rows = [row(1)];
  await first.untilEvent("answered");
  await first.stop();
});

test("bridges of other workspaces, and of another state folder, are in nobody's way", async () => {
  using home = tmpFolder();
  using elsewhere = tmpFolder();
  await using platform = new ScriptedPlatform();
  await using first = connect(platform.url, home.path);
  await first.untilEvent("connected");
  const other = "33333333-3333-4333-8333-333333333333";
  await using second = connect(platform.url, home.path, { id: other, flags: { once: true } });
  await second.endsWith(0);
  const flags = { once: true, "state-dir": elsewhere.path } as const;
  await using third = connect(platform.url, home.path, { flags });
  await third.endsWith(0);
  await first.stop();
});

test.each(["SIGTERM", "SIGKILL"] as const)(
  "with --wait-lock a bridge takes over soon after the first one's %s",
  async (signal) => {
    using home = tmpFolder();
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    await using first = connect(platform.url, home.path);
    await first.untilEvent("answered");
    await first.untilEvent("connected");
    await using standby = connect(platform.url, home.path, { flags: waiting });
    expect((await standby.untilEvent("lock-waiting")).holder.pid).toBe(first.pid);
    expect(standby.of("connected")).toEqual([]);
    const registered = platform.calls("register").length;

    first.signal(signal);
    await first.end();
    const ended = performance.now();
    await standby.untilEvent("connected");
    expect(performance.now() - ended).toBeLessThan(TAKE_OVER_MS);
    expect(platform.calls("register")).toHaveLength(registered + 1);
    platform.rows.push(row(2));
    await platform.bell.until(() => sentTexts(platform).includes("echo: text 2"), "the answer");
    await standby.stop();
  },
);

inShell(
  "a standby runs what the one that was killed had begun, and nothing beside it",
  async () => {
    using home = tmpFolder();
    using gate = new Gate(home.path);
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1), row(2)];
    const cmd = `echo started >&2; ${gate.wait}; echo "answer to $(cat) by $line"`;
    await using first = connect(platform.url, home.path, { cmd });
    await first.untilBackendSays("started");
    await using standby = connect(platform.url, home.path, { cmd, flags: waiting });
    await standby.untilEvent("lock-waiting");
    first.signal("SIGKILL");
    await standby.untilEvent("recovered");
    await standby.untilBackendSays("started");
    // The child of the dead one must not be the one that takes this.
    await first.untilChildless();
    gate.open("the standby");
    gate.open("the standby");
    await standby.untilEvent("answered", 2);
    expect(sentTexts(platform)).toEqual([
      "answer to text 1 by the standby",
      "answer to text 2 by the standby",
    ]);
    await standby.stop();
  },
);

signalled("a signal ends the wait for the lock, and leaves the first one its own", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  await using first = connect(platform.url, home.path);
  await first.untilEvent("connected");
  await using standby = connect(platform.url, home.path, { flags: waiting });
  await standby.untilEvent("lock-waiting");
  await standby.stop();
  expect(existsSync(`${stateDir(home.path)}/${WORKSPACE}.holder.json`)).toBe(true);
  await using third = connect(platform.url, home.path);
  await third.endsWith(1);
  expect(third.failure).toContain(`process ${first.pid} `);
  await first.stop();
});

test("molecule dead-letter needs no lock", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  await using bridge = connect(platform.url, home.path);
  await bridge.untilEvent("connected");
  expect((await deadLetter(home.path, ["list"])).code).toBe(0);
  expect((await deadLetter(home.path, ["retry", "--all"])).code).toBe(0);
  await bridge.stop();
});
