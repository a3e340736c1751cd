import { expect, setDefaultTimeout } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "../harness/connect.ts";
import { untilDead } from "../harness/processes.ts";
import { row, ScriptedPlatform, TOKEN, WORKSPACE, PEER } from "../harness/scripted-platform.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { onLinux, onPosix } from "../harness/platform.ts";

const inShell = onPosix("its command is for sh").test;

const linux = onLinux("/proc tells what others see").test;

setDefaultTimeout(60_000);

/** Of a command: writes down the id of what it has just started. */
const NOTE = "echo $! >>started;";

/** The ids that its commands have written down. */
const startedIn = (home: string) =>
  readFileSync(join(home, "started"), "utf8").split("\n").slice(0, -1).map(Number);

const answers = (platform: ScriptedPlatform) =>
  platform.calls("a2a").map(({ body }) => body.params.message.parts[0].text);

inShell(
  "a command that takes too long is ended with all that it has started, and its asker is told",
  async () => {
    using home = tmpFolder();
    await using platform = new ScriptedPlatform();
    writeFileSync(join(home.path, "started"), "");
    await using bridge = connect(platform.url, home.path, {
      cmd: `sleep 1000 & ${NOTE} (sleep 1000; true) & ${NOTE} sleep 1000`,
      opts: ["timeout=200ms"],
    });
    // A slow machine may end a run before it has started anything: then it is asked again.
    let asked = 0;
    while (startedIn(home.path).length < 2) {
      platform.rows.push(row(++asked));
      await bridge.untilEvent("answered", asked);
    }
    const failed = { attempts: 1, level: "error" };
    expect(bridge.of("run-failed")).toMatchObject(Array(asked).fill(failed));
    await untilDead(startedIn(home.path));
    await bridge.untilChildless();
    const told = expect.stringContaining("did not finish within 200 ms");
    expect(answers(platform)).toEqual(Array(asked).fill(told));
    await bridge.stop();
  },
);

inShell("what a command leaves in the background is ended, and is not waited for", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1)];
  await using bridge = connect(platform.url, home.path, {
    cmd: `sleep 1000 & ${NOTE} (trap '' TERM HUP; sleep 1000; true) & ${NOTE} echo here`,
  });
  await bridge.untilEvent("answered");
  expect(answers(platform)).toEqual(["here"]);
  await untilDead(startedIn(home.path));
  await bridge.untilChildless();
  await bridge.stop();
});

inShell("when a command is killed from outside, what it has started is ended too", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1)];
  await using bridge = connect(platform.url, home.path, {
    cmd: `sleep 1000 & ${NOTE} (sleep 1000; true) & ${NOTE} kill -9 $$`,
    flags: { "max-attempts": 1 },
  });
  const failed = await bridge.untilEvent("run-failed");
  expect(failed.reason).toContain("SIGKILL");
  await untilDead(startedIn(home.path));
  await bridge.untilChildless();
  await bridge.stop();
});

linux(
  "a command is told of its message, and gets neither the token nor any BUN_* variable",
  async () => {
    using home = tmpFolder();
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    await using bridge = connect(platform.url, home.path, {
      cmd: "env > seen; tr '\\0' ' ' < /proc/$$/cmdline > words; cat",
      env: {
        KEPT: "as it is",
        BUN_OPTIONS: "--smol",
        BUN_INSTALL: "/nowhere",
        BUN_ANYTHING: "at all",
        MOLECULE_API_TOKEN_FILE: "/etc/the-operators-token",
        COPY_OF_TOKEN: `Bearer ${TOKEN}`,
      },
    });
    await bridge.untilEvent("answered");
    await bridge.stop();
    const seen = readFileSync(join(home.path, "seen"), "utf8").split("\n");
    expect(seen).toContain("KEPT=as it is");
    expect(seen).toContain(`HOME=${home.path}`);
    expect(seen).toContain(`MOLECULE_WORKSPACE_ID=${WORKSPACE}`);
    expect(seen).toContain(`MOLECULE_CALLER_ID=${PEER}`);
    expect(seen).toContain("MOLECULE_MESSAGE_ID=msg-1");
    expect(seen.filter((line) => /^BUN_|TOKEN/.test(line))).toEqual([]);
    expect(seen.join("\n")).not.toContain(TOKEN);
    // Others on this machine can read them.
    const words = readFileSync(join(home.path, "words"), "utf8");
    expect(words).not.toContain(TOKEN);
    expect(words).not.toContain("text 1");
  },
);
