import { describe, expect, test } from "bun:test";
import { createLog, type LogOptions } from "../../../src/cli/log.ts";
import { Secrets } from "../../../src/shared/secrets.ts";

const NOON = new Date(2026, 0, 2, 12, 3, 4, 56).getTime();

function logged(options: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  const secrets = new Secrets();
  const log = createLog({
    format: "text",
    verbose: false,
    color: false,
    secrets,
    now: () => NOON,
    write: (line) => void lines.push(line),
    ...options,
  });
  return { log, lines, secrets };
}

describe("the text form", () => {
  test("has the local time, and the level where it isn't info", () => {
    const { log, lines } = logged({ verbose: true });
    log.info("connected");
    log.warn("late");
    log.error("lost");
    log.debug("asked");
    expect(lines).toEqual([
      "12:03:04  connected",
      "12:03:04  warn: late",
      "12:03:04  error: lost",
      "12:03:04  debug: asked",
    ]);
  });

  test("tells debug lines only when it is verbose, and leaves fields to machines", () => {
    const quiet = logged();
    quiet.log.debug("asked");
    quiet.log.info("answered", { peer: "p" });
    expect(quiet.lines).toEqual(["12:03:04  answered"]);
    const verbose = logged({ verbose: true });
    verbose.log.debug("asked", { peer: "p" });
    expect(verbose.lines).toEqual(["12:03:04  debug: asked"]);
  });

  test("is coloured by level, and only when asked to", () => {
    const { log, lines } = logged({ color: true });
    log.info("connected");
    log.warn("late");
    log.error("lost");
    expect(lines).toEqual([
      "12:03:04  connected",
      "12:03:04  \u001b[33mwarn: late\u001b[0m",
      "12:03:04  \u001b[31merror: lost\u001b[0m",
    ]);
  });

  test("keeps a stranger's message on its line, without its colours", () => {
    const { log, lines } = logged();
    log.info("got \u001b[31mred\n12:00:00  error: forged\u009b");
    expect(lines).toEqual(["12:03:04  got \\u001b[31mred 12:00:00  error: forged\\u009b"]);
  });
});

describe("the JSON form", () => {
  test("is one object a line, with time, level, message and fields", () => {
    const { log, lines } = logged({ format: "json", color: true });
    log.info("answered\nall", { peer: "p", took: 12, missing: undefined });
    log.error("lost", { cause: new Error("ECONNRESET"), size: 5n });
    const time = new Date(NOON).toISOString();
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { time, level: "info", msg: "answered\nall", event: "log", peer: "p", took: 12 },
      { time, level: "error", msg: "lost", event: "log", cause: "ECONNRESET", size: "5" },
    ]);
    for (const line of lines) expect(line).not.toContain("\n");
  });

  test("lets no field pass for the time, level or message", () => {
    const { log, lines } = logged({ format: "json" });
    log.warn("late", { level: "info", msg: "fine", time: "never" });
    expect(JSON.parse(lines[0] ?? "")).toEqual({
      time: new Date(NOON).toISOString(),
      level: "warn",
      msg: "late",
      event: "log",
    });
  });

  test("begins with time, level, message and event, whatever else a line has", () => {
    const { log, lines } = logged({ format: "json" });
    log.info("saved", { size: 1, event: "saved" });
    log.info("by the way");
    const heads = lines.map((line) => Object.keys(JSON.parse(line)).slice(0, 4));
    expect(heads).toEqual([
      ["time", "level", "msg", "event"],
      ["time", "level", "msg", "event"],
    ]);
    expect(lines.map((line) => JSON.parse(line).event)).toEqual(["saved", "log"]);
    expect(JSON.parse(lines[0] ?? "").time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  test("survives fields that JSON can't hold", () => {
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    const { log, lines } = logged({ format: "json" });
    log.info("odd", circle);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ level: "info", msg: "odd" });
  });

  test("holds no raw control characters", () => {
    const { log, lines } = logged({ format: "json" });
    log.info("\u001b[2J\u009b2J\u202e\u2028");
    expect(lines[0]).toMatch(/^[\u0020-\u007e]*$/);
    expect(JSON.parse(lines[0] ?? "").msg).toBe("\u001b[2J\u009b2J\u202e\u2028");
  });
});

for (const format of ["text", "json"] as const) {
  describe(`secrets in the ${format} form`, () => {
    const token = 'tok/en+"quoted"\\~';

    test("are masked in message and fields, in every form", () => {
      const { log, lines, secrets } = logged({ format, verbose: true });
      secrets.add(token);
      const base64 = Buffer.from(token).toString("base64");
      const url = encodeURIComponent(token);
      log.info(`a ${token} b ${base64} c ${url}`, { token, deep: [{ base64, url }] });
      log.error("failed", { error: new Error(token) });
      expect(lines.join("\n").match(/\[secret\]/g)).toHaveLength(format === "json" ? 7 : 3);
      for (const form of [token, base64, url, JSON.stringify(token).slice(1, -1)]) {
        expect(lines.join("\n")).not.toContain(form);
      }
    });

    test("are masked before a long line is cut", () => {
      const { log, lines, secrets } = logged({ format });
      const long = `long-${"x".repeat(500)}`;
      secrets.add(long);
      log.info(`${"y".repeat(3_900)} ${long}`);
      expect(lines[0]).not.toContain("xx");
    });
  });
}

test("the same line again and again is told each time", () => {
  const { log, lines } = logged();
  for (let i = 0; i < 20; i++) log.info("retry");
  expect(lines).toHaveLength(20);
});
