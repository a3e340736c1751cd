import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Canary, expectUnseen } from "../harness/canary.ts";
import { connect, stateDir } from "../harness/connect.ts";
import { deadLetter, leaveLetters, PICKY } from "../harness/dead-letters.ts";
import { sentTexts } from "../harness/peers.ts";
import { PEER, row, ScriptedPlatform, TOKEN, WORKSPACE } from "../harness/scripted-platform.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { onPosix } from "../harness/platform.ts";

const inShell = onPosix("its commands are for sh");

setDefaultTimeout(60_000);

const FIRST = row(1).id;
const SECOND = row(2).id;
const json = (run: { stdout: string }) => JSON.parse(run.stdout);

inShell.describe("on a stopped bridge", () => {
  test("list shows the letters, oldest first, in each format", async () => {
    using home = tmpFolder();
    await using platform = new ScriptedPlatform();
    await leaveLetters(platform, home.path);
    const table = await deadLetter(home.path, ["list"]);
    expect(table.code).toBe(0);
    const [head = "", ...lines] = table.stdout.trimEnd().split("\n");
    expect(head.split(/ +/)).toEqual(["ID", "FROM", "AT", "GIVEN_UP_AT", "RUNS", "REASON"]);
    expect(lines.map((line) => line.split(/ +/).slice(0, 2))).toEqual([
      [FIRST, PEER],
      [SECOND, PEER],
    ]);
    const listed = json(await deadLetter(home.path, ["list", "-o", "json"]));
    expect(listed).toMatchObject([
      { id: FIRST, from: PEER, runs: 1, reason: expect.stringContaining("status 65") },
      { id: SECOND, from: PEER, reason: expect.stringContaining("no such workspace") },
    ]);
    const yaml = await deadLetter(home.path, ["list", "-o", "yaml"]);
    expect(Bun.YAML.parse(yaml.stdout)).toEqual(listed);
  });

  test("show tells what the message says, and the answer that was not delivered", async () => {
    using home = tmpFolder();
    await using platform = new ScriptedPlatform();
    await leaveLetters(platform, home.path);
    const table = await deadLetter(home.path, ["show", SECOND]);
    expect(table.code).toBe(0);
    expect(table.stdout).toMatch(/^text +text 2$/m);
    expect(table.stdout).toMatch(/^undelivered +echo: text 2$/m);
    expect(json(await deadLetter(home.path, ["show", SECOND, "-o", "json"]))).toMatchObject({
      id: SECOND,
      text: "text 2",
      undelivered: "echo: text 2",
      row: { id: SECOND, source_id: PEER },
    });
    expect(json(await deadLetter(home.path, ["show", FIRST, "-o", "json"]))).toMatchObject({
      id: FIRST,
      text: "fail",
    });
  });

  test("retry has the one run again and the other's answer posted, at the next start", async () => {
    using home = tmpFolder();
    await using platform = new ScriptedPlatform();
    await leaveLetters(platform, home.path);
    const retried = await deadLetter(home.path, ["retry", "--all", "-o", "json"]);
    expect(retried.code).toBe(0);
    expect(json(retried)).toEqual([
      { id: FIRST, status: "retried" },
      { id: SECOND, status: "retried" },
    ]);
    expect(json(await deadLetter(home.path, ["list", "-o", "json"]))).toEqual([]);
    await using bridge = connect(platform.url, home.path, {
      cmd: 'echo "mended: $(cat)"',
      flags: { once: true },
    });
    await bridge.endsWith(0);
    expect(sentTexts(platform).toSorted()).toEqual(["echo: text 2", "mended: fail"]);
    expect(bridge.of("taken").map(({ activity_id }) => activity_id)).toEqual([FIRST]);
  });

  test("drop forgets a letter for good", async () => {
    using home = tmpFolder();
    await using platform = new ScriptedPlatform();
    await leaveLetters(platform, home.path);
    const dropped = await deadLetter(home.path, ["drop", FIRST, "-o", "json"]);
    expect(dropped.code).toBe(0);
    expect(json(dropped)).toEqual([{ id: FIRST, status: "dropped" }]);
    expect(json(await deadLetter(home.path, ["list", "-o", "json"]))).toMatchObject([
      { id: SECOND },
    ]);
    const all = await deadLetter(home.path, ["drop", "--all", "-o", "json"]);
    expect(json(all)).toEqual([{ id: SECOND, status: "dropped" }]);
    await using bridge = connect(platform.url, home.path, { cmd: PICKY, flags: { once: true } });
    await bridge.endsWith(0);
    expect(platform.calls("a2a")).toEqual([]);
    expect(bridge.of("taken")).toEqual([]);
  });

  test("a beginning of the id is enough where it is clear", async () => {
    using home = tmpFolder();
    await using platform = new ScriptedPlatform();
    await leaveLetters(platform, home.path);
    const ambiguous = await deadLetter(home.path, ["show", "aaaa"]);
    expect(ambiguous.code).toBe(1);
    expect(ambiguous.stdout).toBe("");
    expect(ambiguous.stderr).toContain('"aaaa" is the beginning of 2 dead letters');
    expect((await deadLetter(home.path, ["drop", FIRST])).code).toBe(0);
    expect((await deadLetter(home.path, ["show", "AAAA"])).stdout).toContain(SECOND);
  });
});

inShell.describe("on a running bridge", () => {
  test("letters are listed, retried and dropped without its lock, and it takes them up at once", async () => {
    using home = tmpFolder();
    await using platform = new ScriptedPlatform();
    await leaveLetters(platform, home.path);
    await using bridge = connect(platform.url, home.path, { cmd: 'echo "mended: $(cat)"' });
    await bridge.untilEvent("connected");
    expect(json(await deadLetter(home.path, ["list", "-o", "json"]))).toHaveLength(2);
    expect((await deadLetter(home.path, ["retry", FIRST])).code).toBe(0);
    await bridge.untilEvent("answered");
    expect((await deadLetter(home.path, ["drop", SECOND])).code).toBe(0);
    expect(json(await deadLetter(home.path, ["list", "-o", "json"]))).toEqual([]);
    await bridge.stop();
    expect(sentTexts(platform)).toEqual(["mended: fail"]);
  });

  test("a letter that fails again is a letter again, and can be retried once more", async () => {
    using home = tmpFolder();
    await using platform = new ScriptedPlatform();
    await leaveLetters(platform, home.path);
    await using bridge = connect(platform.url, home.path, { cmd: PICKY });
    for (const nth of [1, 2]) {
      await bridge.until(() => bridge.of("connected").length === 1, "the start");
      expect((await deadLetter(home.path, ["retry", FIRST])).code).toBe(0);
      await bridge.untilEvent("run-failed", nth);
      await bridge.untilEvent("answered", nth);
      // Its asker is told each time, under another id.
      await platform.untilCalled("a2a", nth);
      for (;;) {
        const ids = json(await deadLetter(home.path, ["list", "-o", "json"]));
        if (ids.length === 2) break;
      }
    }
    await bridge.stop();
    const ids = platform.calls("a2a").map(({ body }) => body.id);
    expect(new Set(ids).size).toBe(2);
  });
});

describe("where there is nothing", () => {
  test.each(["list", "drop --all", "retry --all", "show 4f9a", "drop 4f9a", "retry 4f9a"])(
    "%s says that no bridge was here: the id or the folder may be wrong",
    async (words) => {
      using home = tmpFolder();
      const run = await deadLetter(home.path, words.split(" "));
      expect(run.code).toBe(1);
      expect(run.stdout).toBe("");
      expect(run.stderr).toContain(`no bridge has kept anything of workspace ${WORKSPACE}`);
      expect(run.stderr).toContain("--state-dir");
    },
  );

  test.each(["retry", "drop", "retry 4f9a --all", "drop 4f9a --all", "show", "list 4f9a"])(
    "%s is a wrong usage",
    async (words) => {
      using home = tmpFolder();
      expect((await deadLetter(home.path, words.split(" "))).code).toBe(2);
    },
  );

  test("a database that is none is named, with what to do", async () => {
    using home = tmpFolder();
    mkdirSync(stateDir(home.path), { recursive: true });
    const path = join(stateDir(home.path), `${WORKSPACE}.db`);
    writeFileSync(
      path,
      "this is no database, but a text that is long enough for a header".repeat(99),
    );
    const run = await deadLetter(home.path, ["list"]);
    expect(run.code).toBe(1);
    expect(run.stderr).toContain(path);
    expect(run.stderr).toContain("Move it away");
  });
});

describe("what strangers wrote", () => {
  inShell.test.each(["table", "json", "yaml"])(
    "is shown without its controls, as %s",
    async (format) => {
      using home = tmpFolder();
      await using platform = new ScriptedPlatform();
      await leaveLetters(platform, home.path, "fail\u001b]0;owned\u0007\u202e\nID  forged");
      for (const verb of [["list"], ["show", FIRST]]) {
        const run = await deadLetter(home.path, [...verb, "-o", format]);
        expect(run.code).toBe(0);
        expect(run.stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
      }
      if (format !== "json") return;
      const { text } = json(await deadLetter(home.path, ["show", FIRST, "-o", format]));
      expect(text).toBe("fail\u001b]0;owned\u0007\u202e\nID  forged");
    },
  );

  inShell.test.each(["table", "json", "yaml"])(
    "is masked where it holds our token, as %s",
    async (format) => {
      using home = tmpFolder();
      await using platform = new ScriptedPlatform();
      const [inVariable, inFile, kept] = [new Canary("v"), new Canary("f"), new Canary("k")];
      const text = [inVariable, inFile, kept].map(({ blurted }) => blurted).join(" ");
      await leaveLetters(platform, home.path, `fail ${text}`);
      const file = `${home.path}/token`;
      writeFileSync(file, `${inFile.value}\n`, { mode: 0o600 });
      const stored = `${stateDir(home.path)}/${WORKSPACE}.token`;
      writeFileSync(stored, `${kept.value}\n`, { mode: 0o600 });
      const run = await deadLetter(home.path, ["show", FIRST, "-o", format], {
        MOLECULE_WORKSPACE_TOKEN: inVariable.value,
        MOLECULE_WORKSPACE_TOKEN_FILE: file,
      });
      expect(run.code).toBe(0);
      expect(run.stdout).toContain("[secret]");
      for (const secret of [inVariable, inFile, kept]) expectUnseen(secret, run);
      expect(run.stdout).not.toContain(TOKEN);
    },
  );
});
