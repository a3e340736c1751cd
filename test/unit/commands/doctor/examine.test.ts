/** How one check follows from another, and how they are told of. */
import { describe, expect, test } from "bun:test";
import type { Context } from "../../../../src/cli/command.ts";
import {
  failed,
  ok,
  skipped,
  together,
  warning,
  worstOf,
  type Check,
} from "../../../../src/commands/doctor/check.ts";
import type { DoctorValues } from "../../../../src/commands/doctor/doctor.ts";
import { examine, type Result } from "../../../../src/commands/doctor/examine.ts";
import { Patient } from "../../../../src/commands/doctor/patient.ts";
import { dataOf, exitCodeOf, linesOf } from "../../../../src/commands/doctor/report.ts";
import { UsageError } from "../../../../src/shared/errors.ts";
import { Secrets } from "../../../../src/shared/secrets.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { examined, platform } from "./lab.ts";

function patientOf({ offline = false, clock = new ManualClock(), secrets = new Secrets() } = {}) {
  const context = { io: { secrets } } as unknown as Context;
  return new Patient({ offline } as DoctorValues, context, {
    clock,
    workspaceId: undefined,
    folder: "/nowhere",
  });
}

function check(name: string, run: Check["run"], more: Partial<Check> = {}): Check {
  return { name, title: `the ${name}`, deadlineMs: 1_000, run, ...more };
}

const statuses = (results: readonly Result[]) =>
  results.map(({ name, status, detail }) => `${name}: ${status} (${detail})`);

describe("checks", () => {
  test("run in their order, and are told of as they end", async () => {
    const told: string[] = [];
    const checks = [check("a", async () => ok("1")), check("b", async () => warning("2", "do"))];
    const results = await examine(checks, patientOf(), ({ name }) => void told.push(name));
    expect(told).toEqual(["a", "b"]);
    expect(statuses(results)).toEqual(["a: ok (1)", "b: warning (2)"]);
  });

  test("that rest on a failed one are skipped with its reason, and so are those that rest on them", async () => {
    const ran: string[] = [];
    const run = (name: string) => async () => (ran.push(name), ok("fine"));
    const results = await examine(
      [
        check("ground", async () => failed("broken"), { without: "there is no ground" }),
        check("wall", run("wall"), { needs: ["ground"] }),
        check("roof", run("roof"), { needs: ["wall"] }),
        check("tree", run("tree")),
      ],
      patientOf(),
      () => {},
    );
    expect(statuses(results)).toEqual([
      "ground: failed (broken)",
      "wall: skipped (there is no ground)",
      "roof: skipped (there is no ground)",
      "tree: ok (fine)",
    ]);
    expect(ran).toEqual(["tree"]);
  });

  test("that rest on one that found nothing to look at are run, unless it says that it breaks them", async () => {
    const results = await examine(
      [
        check("certificate", async () => skipped("no TLS")),
        check("token", async () => ({ ...warning("none"), breaks: "there is no token" })),
        check("reachable", async () => ok("fine"), { needs: ["certificate"] }),
        check("cursor", async () => ok("fine"), { needs: ["token"] }),
      ],
      patientOf(),
      () => {},
    );
    expect(statuses(results).slice(2)).toEqual([
      "reachable: ok (fine)",
      "cursor: skipped (there is no token)",
    ]);
  });

  test("that throw have failed, with the exit code of the error", async () => {
    const results = await examine(
      [
        check("usage", async () => {
          throw new UsageError("no good", "do better");
        }),
        check("bug", () => Promise.reject(new TypeError("x is undefined"))),
      ],
      patientOf(),
      () => {},
    );
    expect(results[0]).toMatchObject({
      status: "failed",
      detail: "no good",
      hint: "do better",
      exitCode: 2,
    });
    expect(results[1]).toMatchObject({ status: "failed", exitCode: 1 });
    expect(exitCodeOf(results)).toBe(2);
  });

  test("that do not end are given up at their deadline", async () => {
    const clock = new ManualClock();
    const never = () => new Promise<never>(() => {});
    const examining = examine(
      [check("stuck", never), check("net", never, { network: "only" })],
      patientOf({ clock }),
      () => {},
    );
    await clock.untilSleeping();
    await clock.advance(1_000);
    await clock.untilSleeping();
    await clock.advance(1_000);
    const results = await examining;
    expect(statuses(results)).toEqual([
      "stuck: failed (no end within 1 s)",
      "net: failed (no end within 1 s)",
    ]);
    expect(results.map(({ exitCode }) => exitCode)).toEqual([1, 4]);
  });

  test("of a dead network take no more together than it is given", async () => {
    const clock = new ManualClock();
    const never = () => new Promise<never>(() => {});
    const checks = ["a", "b", "c"].map((name) => check(name, never, { network: "only" }));
    const examining = examine(checks, patientOf({ clock }), () => {}, 1_500);
    await clock.untilSleeping();
    await clock.advance(1_000);
    await clock.untilSleeping();
    await clock.advance(500);
    await examining;
    expect(clock.monotonic()).toBe(1_500);
  });

  test("that come after the network's time was used up are told so, once as a failure", async () => {
    const clock = new ManualClock();
    const slow = async () => (await clock.sleep(1_000), ok("fine"));
    const checks = ["a", "b", "c", "d"].map((name) => check(name, slow, { network: "only" }));
    const disk = check("disk", async () => ok("fine"));
    const examining = examine([...checks, disk], patientOf({ clock }), () => {}, 1_500);
    for (const ms of [1_000, 500]) {
      await clock.untilSleeping();
      await clock.advance(ms);
    }
    const used = "the 1.5 s that the network may take in all were used up";
    const results = await examining;
    expect(statuses(results)).toEqual([
      "a: ok (fine)",
      `b: failed (no end before ${used})`,
      `c: skipped (${used})`,
      `d: skipped (${used})`,
      "disk: ok (fine)",
    ]);
    expect(exitCodeOf(results)).toBe(4);
  });

  test("say so also where nothing was in the middle of its work", async () => {
    const clock = new ManualClock();
    const slow = async () => (await clock.sleep(1_000), ok("fine"));
    const checks = ["a", "b"].map((name) =>
      check(name, slow, { network: "only", deadlineMs: 2_000 }),
    );
    const examining = examine(checks, patientOf({ clock }), () => {}, 1_000);
    await clock.untilSleeping();
    await clock.advance(1_000);
    const [, second] = await examining;
    expect(second).toMatchObject({ status: "failed", exitCode: 4 });
    expect(second?.detail).toStartWith("the 1 s that the network may take");
  });

  test("of nothing but the network are left out with --offline, and others are told why", async () => {
    const patient = patientOf({ offline: true });
    const results = await examine(
      [
        check("net", async () => ok("asked"), { network: "only" }),
        check("token", async ({ broken }) => ok(broken.get("net") ?? "tried"), { network: "also" }),
        check("disk", async () => ok("fine")),
      ],
      patient,
      () => {},
    );
    expect(statuses(results)).toEqual([
      "net: skipped (--offline leaves the network out)",
      "token: ok (--offline leaves the network out)",
      "disk: ok (fine)",
    ]);
  });

  test("tell a stranger's words on one line, and no secret", async () => {
    const secrets = new Secrets();
    secrets.add("the-secret");
    const text = `a\nb\u001b[31m the-secret ${"x".repeat(5_000)}`;
    const [result] = await examine(
      [check("a", async () => failed(text, text))],
      patientOf({ secrets }),
      () => {},
    );
    for (const line of [result?.detail ?? "", result?.hint ?? ""]) {
      expect(line).toStartWith("a b\\u001b[31m [secret]");
      expect(line.length).toBeLessThan(1_000);
    }
  });
});

describe("findings", () => {
  test("of one check are as bad as the worst, and say all", () => {
    const both = together([ok("one"), warning("two", "mend"), failed("three", "mend", 3), ok("")]);
    expect(both).toMatchObject({
      status: "failed",
      detail: "one; two; three",
      hint: "mend",
      exitCode: 3,
    });
  });

  test("that are left out are better than any other", () => {
    expect(worstOf(["skipped", "ok"])).toBe("ok");
    expect(worstOf(["ok", "warning", "skipped"])).toBe("warning");
    expect(worstOf([])).toBe("skipped");
  });

  test("end with the code of the first failure, and warnings with 0", () => {
    const result = (status: Result["status"], exitCode?: 3 | 4): Result => ({
      name: "a",
      status,
      detail: "",
      exitCode,
    });
    expect(exitCodeOf([result("ok"), result("failed", 4), result("failed", 3)])).toBe(4);
    expect(exitCodeOf([result("failed")])).toBe(1);
    expect(exitCodeOf([result("warning"), result("skipped")])).toBe(0);
    expect(dataOf([result("warning")])).toMatchObject({ worst: "warning", exit_code: 0 });
  });
});

describe("lines", () => {
  const result: Result = {
    name: "dns",
    status: "failed",
    detail: "one two three",
    hint: "four five",
  };

  test("have the hint below, and neither colour nor folds in a pipe", () => {
    expect(linesOf(result, { nameWidth: 5, width: undefined, color: false })).toBe(
      "failed   dns    one two three\n                hint: four five\n",
    );
  });

  test("are folded at a terminal, and only the status is coloured", () => {
    const long = { ...result, detail: "word ".repeat(20).trim() };
    const lines = linesOf(long, { nameWidth: 5, width: 60, color: true });
    expect(lines).toStartWith("\u001b[31mfailed \u001b[0m  dns    word");
    for (const line of Bun.stripANSI(lines).split("\n"))
      expect(line.length).toBeLessThanOrEqual(60);
    expect(lines.split("\u001b")).toHaveLength(3);
  });
});

test("the whole is a line for each check in a table, and the same in YAML", async () => {
  using ward = platform();
  const table = await examined(ward.url, { flags: { output: "table" } });
  const lines = table.stdout.trimEnd().split("\n");
  for (const line of lines)
    expect(line).toMatch(/^(ok|warning|failed|skipped) +[a-z-]+ +\S|^ +hint: /);
  const yaml = await examined(ward.url, { flags: { output: "yaml" } });
  expect(Bun.YAML.parse(yaml.stdout)).toMatchObject({ worst: "ok", exit_code: 0 });
});
