/** The file of a process, as it is written, found by others, and swept. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { readBridges, sweepBridges } from "../../../src/observe/bridge-files.ts";
import { parseProcessStatus } from "../../../src/observe/parse-status.ts";
import { StatusFile, type StatusFileParts } from "../../../src/observe/status-file.ts";
import type { ProcessStatus } from "../../../src/observe/status.ts";
import { doLastActs } from "../../../src/shared/last-acts.ts";
import { ManualClock } from "../../harness/clock.ts";
import { onPosix } from "../../harness/platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { lookUntil } from "../../harness/wait.ts";
import { statusOf } from "./support.ts";

setDefaultTimeout(30_000);

const { test: posixTest } = onPosix("it takes modes of files, and links");

const NOW = Date.UTC(2026, 0, 1);
const HERE = { host: "here", identify: () => "boot/7" };
/** Of no process: above what a system gives. */
const GONE = 2 ** 30;

function processOf(change: Partial<ProcessStatus> = {}): ProcessStatus {
  return {
    version: "1.2.3",
    pid: process.pid,
    identity: "boot/7",
    host: "here",
    startedAt: NOW - 1_000,
    at: NOW,
    health: "127.0.0.1:9090",
    workspaces: [statusOf({ troubles: ["it rains"] })],
    ...change,
  };
}

function writing(folder: string, change: Partial<StatusFileParts> = {}) {
  const clock = new ManualClock(NOW);
  const troubles: string[] = [];
  let writes = 0;
  const file = new StatusFile({
    ...HERE,
    folder,
    pid: process.pid,
    clock,
    read: async () => {
      writes += 1;
      return processOf({ at: clock.now() });
    },
    onTrouble: (reason) => void troubles.push(reason),
    ...change,
  });
  const path = join(folder, `${process.pid}.json`);
  const until = (n: number) => lookUntil(() => writes >= n && clock.pending.length > 0);
  return { clock, file, path, troubles, until, writes: () => writes };
}

describe("writing", () => {
  test("is done at once, every 15 s, and sooner where something changes: not twice in a second", async () => {
    using folder = tmpFolder();
    const { clock, file, path, until, writes } = writing(join(folder.path, "bridges"));
    file.start();
    await until(1);
    expect(existsSync(path)).toBe(true);
    await clock.advance(14_999);
    expect(writes()).toBe(1);
    await clock.advance(1);
    await until(2);
    for (let i = 0; i < 10; i++) file.touch();
    await clock.advance(999);
    expect(writes()).toBe(2);
    await clock.advance(1);
    await until(3);
    await clock.advance(5_000);
    file.touch();
    await until(4);
    await file.close();
  });

  posixTest("is for its owner alone", async () => {
    using folder = tmpFolder();
    const bridges = join(folder.path, "bridges");
    const { file, path, until } = writing(bridges);
    file.start();
    await until(1);
    expect(lstatSync(bridges).mode & 0o777).toBe(0o700);
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
    await file.close();
  });

  posixTest("never goes through a link", async () => {
    using folder = tmpFolder();
    const victim = join(folder.path, "victim");
    writeFileSync(victim, "precious");
    const bridges = join(folder.path, "bridges");
    mkdirSync(bridges);
    const { file, path, until } = writing(bridges);
    symlinkSync(victim, path);
    symlinkSync(victim, join(bridges, `.${process.pid}.json.tmp`));
    file.start();
    await until(1);
    expect(readFileSync(victim, "utf8")).toBe("precious");
    expect(lstatSync(path).isFile()).toBe(true);
    await file.close();
  });

  test("is whole at every instant", async () => {
    using folder = tmpFolder();
    const { clock, file, path, until } = writing(folder.path, {});
    file.start();
    await until(1);
    for (let i = 2; i < 12; i++) {
      file.touch();
      await clock.advance(1_000);
      expect(parseProcessStatus(readFileSync(path, "utf8"))).toBeDefined();
      await until(i);
    }
    expect(readdirSync(folder.path)).toEqual([`${process.pid}.json`]);
    await file.close();
  });

  test("that fails is told of once each time, and tried again", async () => {
    using folder = tmpFolder();
    const bridges = join(folder.path, "bridges");
    writeFileSync(bridges, "");
    const { clock, file, path, troubles, until } = writing(bridges);
    file.start();
    await until(1);
    await clock.advance(15_000);
    await until(2);
    expect(troubles).toHaveLength(1);
    rmSync(bridges);
    await clock.advance(15_000);
    await until(3);
    expect(existsSync(path)).toBe(true);
    rmSync(bridges, { recursive: true });
    writeFileSync(bridges, "");
    await clock.advance(15_000);
    await until(4);
    expect(troubles).toHaveLength(2);
    await file.close();
  });

  test("ends with the file, however the process ends", async () => {
    using folder = tmpFolder();
    const ended = writing(folder.path);
    ended.file.start();
    await ended.until(1);
    await ended.file.close();
    expect(readdirSync(folder.path)).toEqual([]);
    const crashed = writing(folder.path);
    crashed.file.start();
    await crashed.until(1);
    doLastActs();
    expect(readdirSync(folder.path)).toEqual([]);
    await crashed.file.close();
  });

  test("holds up no end", async () => {
    using folder = tmpFolder();
    const { clock, file } = writing(folder.path, { read: () => new Promise(() => {}) });
    file.start();
    const closed = file.close();
    await clock.untilSleeping();
    await clock.advance(500);
    await closed;
  });
});

/** Puts the files into a new folder. */
function filesOf(...all: [name: string, content: ProcessStatus | string][]) {
  const folder = tmpFolder();
  for (const [name, content] of all) {
    const text = typeof content === "string" ? content : JSON.stringify(content);
    writeFileSync(join(folder.path, name), text);
  }
  return { files: { ...HERE, folder: folder.path }, [Symbol.dispose]: folder[Symbol.dispose] };
}

describe("reading", () => {
  test("gives what was written", async () => {
    using lab = filesOf([`${process.pid}.json`, processOf()]);
    expect(await readBridges(lab.files, NOW)).toEqual([processOf()]);
  });

  test("passes over dead processes, later ones of their number, and what is no file of ours", async () => {
    using lab = filesOf(
      [`${GONE}.json`, processOf({ pid: GONE })],
      [`${process.ppid}.json`, processOf({ pid: process.ppid, identity: "boot/6" })],
      ["1.json", "{"],
      ["2.json", "[]"],
      ["3.json", processOf()],
      ["x.json", processOf()],
      [`.${process.pid}.json.tmp`, processOf()],
      ["note.txt", "hello"],
    );
    mkdirSync(join(lab.files.folder, "4.json"));
    expect(await readBridges(lab.files, NOW)).toEqual([]);
  });

  test("finds one of another machine until it has been silent for a day", async () => {
    const away = processOf({ pid: GONE, host: "there", at: NOW - 86_400_000 });
    using lab = filesOf([`${GONE}.json`, away]);
    expect(await readBridges(lab.files, NOW)).toHaveLength(1);
    expect(await readBridges(lab.files, NOW + 1)).toEqual([]);
  });

  test("finds nothing where there is no folder", async () => {
    using folder = tmpFolder();
    expect(await readBridges({ ...HERE, folder: join(folder.path, "none") }, NOW)).toEqual([]);
  });
});

test("a sweep takes away what dead processes left, and nothing else", async () => {
  using lab = filesOf(
    [`${GONE}.json`, processOf({ pid: GONE })],
    [`.${GONE}.json.tmp`, "half"],
    [`${GONE + 1}.json`, "junk"],
    [`${process.pid}.json`, processOf()],
    [`${process.ppid}.json`, processOf({ pid: process.ppid })],
    ["7.txt", "hello"],
  );
  await sweepBridges(lab.files, NOW);
  expect(readdirSync(lab.files.folder).sort()).toEqual([`${process.ppid}.json`, "7.txt"].sort());
});

test("a time that no date can hold is none", () => {
  const names = ["retryAt", "connectedAt", "lastBeatAt", "lastLookAt", "lastMessageAt"] as const;
  for (const at of [1e300, -1e300, 8.64e15 + 1]) {
    const times = Object.fromEntries(names.map((name) => [name, at]));
    const of = (change: object) =>
      parseProcessStatus(JSON.stringify({ ...processOf(), workspaces: [], ...change }));
    expect(of({ at })).toBeUndefined();
    expect(of({ startedAt: at })?.startedAt).toBe(NOW);
    const [found] = of({ workspaces: [{ ...statusOf(), ...times }] })?.workspaces ?? [];
    expect(names.map((name) => found?.[name])).toEqual(names.map(() => undefined));
  }
  const edge = parseProcessStatus(JSON.stringify(processOf({ at: 8.64e15 })));
  expect(new Date(edge?.at ?? NaN).getTime()).toBe(8.64e15);
});

test("whatever stands in a file, it is a status of its form or none", () => {
  const field = fc.oneof(fc.jsonValue(), fc.constantFrom("connected", "healthy", 5, "x"));
  const workspace = fc.dictionary(
    fc.constantFrom("workspaceId", "state", "troubles", "wake", "messages", "store", "running"),
    field,
  );
  const hostile = fc.record({
    pid: fc.integer(),
    host: fc.string({ minLength: 1 }),
    at: fc.integer(),
    version: field,
    workspaces: fc.array(fc.oneof(workspace, field)),
  });
  fc.assert(
    fc.property(fc.oneof(hostile, fc.jsonValue()), (value) => {
      const parsed = parseProcessStatus(JSON.stringify(value));
      for (const status of parsed?.workspaces ?? []) {
        expect(status).toMatchObject({
          workspaceId: expect.any(String),
          troubles: expect.any(Array),
          running: expect.any(Number),
          messages: { answered: expect.any(Number), skipped: expect.any(Number) },
        });
      }
    }),
  );
  expect(parseProcessStatus("no JSON")).toBeUndefined();
});
