/** What an audit finds, and what it does not. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Facts } from "../../../src/commands/audit/facts.ts";
import { byLevel, countLevels, type Finding } from "../../../src/commands/audit/finding.ts";
import { stateRules } from "../../../src/commands/audit/state-rules.ts";
import { exitCodeOf, findingLines, summary } from "../../../src/commands/audit/tell.ts";
import { useRules } from "../../../src/commands/audit/use-rules.ts";
import type { JsonObject } from "../../../src/shared/json.ts";

const NOW = Date.UTC(2026, 5, 1);
const ago = (ms: number) => new Date(NOW - ms).toISOString();
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** One that there is nothing to say of. */
const WELL: JsonObject = {
  id: "w-1",
  name: "one",
  status: "online",
  runtime: "external",
  url: "",
  parent_id: null,
  agent_card: { name: "one" },
  last_error_rate: 0,
  last_heartbeat_at: ago(30_000),
  budget_limit: null,
  monthly_spend: 0,
  last_sample_error: null,
};
const TOKEN = { id: "t", created_at: ago(30 * DAY), last_used_at: ago(1_000) };

function facts(row: JsonObject = {}, more: Partial<Facts> = {}): Facts {
  const one = { ...WELL, ...row };
  return {
    row: one,
    others: [one],
    complete: true,
    delegations: [],
    tokens: [TOKEN],
    now: NOW,
    ...more,
  };
}

const found = (of: Facts) =>
  [...stateRules(of), ...useRules(of)].map(({ level, check }) => `${level} ${check}`);

test("nothing is said of a workspace that is well", () => {
  expect(found(facts())).toEqual([]);
});

describe("its state", () => {
  test.each<[row: JsonObject, expected: string[]]>([
    [{ status: "failed" }, ["error failed"]],
    [{ status: "degraded", last_error_rate: 0.7 }, ["warning degraded"]],
    [{ status: "awaiting_agent" }, ["warning awaiting-agent"]],
    [{ status: "offline" }, ["warning offline"]],
    [{ status: "paused" }, ["info paused"]],
    [{ status: "hibernated" }, ["info hibernated"]],
    [{ status: "provisioning", agent_card: null }, []],
    [{ last_heartbeat_at: ago(181_000) }, ["warning stale-heartbeat"]],
    [{ last_heartbeat_at: ago(179_000) }, []],
    [{ last_heartbeat_at: undefined }, []],
    [{ status: "awaiting_agent", last_heartbeat_at: ago(DAY) }, ["warning awaiting-agent"]],
    [{ last_error_rate: 0.1 }, ["warning error-rate"]],
    [{ last_error_rate: 0.09 }, []],
    [{ budget_limit: 1_000, monthly_spend: 1_000 }, ["error over-budget"]],
    [{ budget_limit: 1_000, monthly_spend: 800 }, ["warning near-budget"]],
    [{ budget_limit: 1_000, monthly_spend: 799 }, []],
    [{ budget_limit: 0, monthly_spend: 0 }, ["error over-budget"]],
    [{ delivery_mode: "push" }, ["error push-without-url"]],
    [{ delivery_mode: "push", url: "https://a.example" }, []],
    [{ delivery_mode: "poll" }, []],
    [{ agent_card: null }, ["warning no-card"]],
    [{ agent_card: {} }, ["warning no-card"]],
  ])("%j", (row, expected) => {
    expect(found(facts(row))).toEqual(expected);
  });

  test("names the reason that its agent gave, on one line", () => {
    const [said] = stateRules(facts({ status: "failed", last_sample_error: "no\nlogin" }));
    expect(said?.finding).toBe("it has failed: no login");
  });

  test("of one whose agent runs elsewhere is mended by connecting, of another by a restart", () => {
    const actionOf = (runtime: string) =>
      stateRules(facts({ status: "failed", runtime }))[0]?.action;
    expect(actionOf("external")).toContain("molecule connect w-1");
    expect(actionOf("claude-code")).toContain("molecule workspace restart w-1");
  });
});

describe("its parent", () => {
  const child = { parent_id: "p" };

  test("that is paused, or gone from a whole list, is told", () => {
    const paused = { id: "p", name: "boss", status: "paused" };
    expect(found(facts(child, { others: [paused] }))).toEqual(["warning paused-parent"]);
    expect(found(facts(child, { others: [] }))).toEqual(["warning lost-parent"]);
  });

  test("that is well, or may be hidden from us, is not", () => {
    const well = { id: "p", status: "online" };
    expect(found(facts(child, { others: [well] }))).toEqual([]);
    expect(found(facts(child, { others: [], complete: false }))).toEqual([]);
  });
});

describe("its delegations", () => {
  const row = (status: string, silentMs: number, more = {}) => ({
    delegation_id: crypto.randomUUID(),
    status,
    created_at: ago(silentMs + DAY),
    updated_at: ago(silentMs),
    ...more,
  });

  test("that failed within a day are told together, with the reason of the last", () => {
    const delegations = [
      row("failed", MINUTE, { error: "no way" }),
      row("failed", 2 * MINUTE, { error: "old" }),
      row("failed", 2 * DAY),
    ];
    expect(found(facts({}, { delegations }))).toEqual(["warning delegation-failed"]);
    expect(useRules(facts({}, { delegations }))[0]?.finding).toContain(
      "2 delegations of it failed within a day, the last one: no way",
    );
  });

  test("that have not moved for half an hour are told", () => {
    expect(found(facts({}, { delegations: [row("dispatched", 31 * MINUTE)] }))).toEqual([
      "warning delegation-stuck",
    ]);
    expect(found(facts({}, { delegations: [row("dispatched", 29 * MINUTE)] }))).toEqual([]);
  });

  test("that went well, or can't be seen, are not", () => {
    expect(found(facts({}, { delegations: [row("completed", 31 * MINUTE)] }))).toEqual([]);
    expect(found(facts({}, { delegations: undefined }))).toEqual([]);
  });
});

describe("its tokens", () => {
  const many = (n: number) => Array.from({ length: n }, () => TOKEN);

  test.each<[tokens: JsonObject[] | undefined, expected: string[]]>([
    [[], ["warning no-token"]],
    [undefined, []],
    [many(9), []],
    [many(10), ["info many-tokens"]],
    [many(40), ["warning many-tokens"]],
    [[TOKEN, { id: "u", created_at: ago(8 * DAY), last_used_at: null }], ["info unused-token"]],
    [[TOKEN, { id: "u", created_at: ago(6 * DAY), last_used_at: null }], []],
  ])("%#", (tokens, expected) => {
    expect(found(facts({}, { tokens }))).toEqual(expected);
  });
});

test("rows of any shape throw nothing", () => {
  const rows = fc.array(fc.dictionary(fc.string(), fc.jsonValue()));
  fc.assert(
    fc.property(rows, rows, fc.dictionary(fc.string(), fc.jsonValue()), (others, list, row) => {
      found(facts(row, { others, delegations: list, tokens: list }));
    }),
  );
});

describe("findings", () => {
  const of = (level: Finding["level"], name: string | null): Finding => ({
    level,
    name,
    workspace: "0f8fad5b-d9cb",
    check: "x",
    finding: "it is so",
    action: "do this",
  });
  const all = [of("info", "a"), of("error", "b"), of("warning", null), of("error", "a")];

  test("come with the worst first, then by name", () => {
    expect(byLevel(all).map(({ level, name }) => [level, name])).toEqual([
      ["error", "a"],
      ["error", "b"],
      ["warning", null],
      ["info", "a"],
    ]);
  });

  test("are counted", () => {
    expect(countLevels(all)).toEqual({ error: 2, warning: 1, info: 1 });
    expect(summary(3, all)).toBe("3 workspaces: 2 errors, 1 warning, 1 note");
    expect(summary(1, [])).toBe("1 workspace: nothing found");
  });

  test("are two lines each: what is wrong, and what to do", () => {
    expect(findingLines([of("error", "a"), of("warning", null)])).toEqual([
      "error    a         it is so",
      "                   -> do this",
      "warning  0f8fad5b  it is so",
      "                   -> do this",
    ]);
  });

  test("fail a command only where it was asked to", () => {
    const info = [of("info", "a")];
    const warning = [...info, of("warning", "a")];
    const error = [...warning, of("error", "a")];
    const codes = (failOn: "error" | "warning" | undefined) =>
      [[], info, warning, error].map((some) => exitCodeOf(some, failOn));
    expect(codes(undefined)).toEqual([0, 0, 0, 0]);
    expect(codes("warning")).toEqual([0, 0, 1, 1]);
    expect(codes("error")).toEqual([0, 0, 0, 1]);
  });
});
