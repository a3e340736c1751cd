/** What the budgets of the binary make of figures. The figures themselves are measured by `bun run budget`. */
import { expect, test } from "bun:test";
import { pairedRatio, type Run } from "../../scripts/budget/runs.ts";
import { judgeRatio, judgeSameness, LIMITS } from "../../scripts/budget/verdict.ts";

const runs = (...cpuMs: number[]): Run[] => cpuMs.map((ms) => ({ cpuMs: ms, wallMs: 1000 }));
const startRatio = (own: Run[], bare: Run[]) => pairedRatio(own, bare, "cpuMs");

test("a budget is kept up to its limit, and broken above it", () => {
  for (const name of ["size", "start", "memory"] as const) {
    expect(judgeRatio(name, LIMITS[name], "").kept).toBe(true);
    expect(judgeRatio(name, LIMITS[name] + 0.001, "").kept).toBe(false);
  }
});

test("a budget without a figure is broken", () => {
  expect(judgeRatio("start", Number.NaN, "").kept).toBe(false);
  expect(judgeRatio("start", startRatio(runs(), runs()), "").kept).toBe(false);
  expect(judgeRatio("start", startRatio(runs(10, 10), runs(5)), "").kept).toBe(false);
});

test("a broken budget tells the figures, the limit and what to do", () => {
  const { text, remedy } = judgeRatio("size", 1.5, "150.0 and 100.0 MB");
  expect(text).toBe(
    `size: 1.500 of an empty program's, at most ${LIMITS.size} (150.0 and 100.0 MB)`,
  );
  expect(remedy).not.toBe("");
});

test("the start is compared pair by pair, so a slow phase of the machine falls on both", () => {
  const own = runs(10, 10, 100, 100, 100);
  const bare = runs(5, 5, 50, 50, 50);
  expect(startRatio(own, bare)).toBe(2);
});

test("one disturbed run does not move the start", () => {
  expect(startRatio(runs(10, 10, 500), runs(5, 5, 5))).toBe(2);
});

test("processor time and the time on the wall are compared apart", () => {
  const [own, bare] = [[{ cpuMs: 10, wallMs: 9000 }], [{ cpuMs: 5, wallMs: 1 }]];
  expect(pairedRatio(own, bare, "cpuMs")).toBe(2);
  expect(pairedRatio(own, bare, "wallMs")).toBe(9000);
});

test("the limit of the start leaves no room for process.stdout or the whole of consola", () => {
  // The least that they were measured at, beside other work.
  for (const ratio of [2.17, 3.27]) expect(judgeRatio("start", ratio, "").kept).toBe(false);
});

test("the limits leave room for the most that was measured, on any system and beside other work", () => {
  expect(judgeRatio("size", 1.0626, "").kept).toBe(true);
  expect(judgeRatio("start", 1.8, "").kept).toBe(true);
  expect(judgeRatio("memory", 1.48 * 1.1, "").kept).toBe(true);
});

test("the limit of the size leaves no room for 3 MB more, even beside the largest runtime", () => {
  // That of Windows, of 117 MB.
  expect(judgeRatio("size", 1.048 + 3 / 117, "").kept).toBe(false);
});

test("two folders that give different bytes break the sameness, whatever dist holds", () => {
  const copies = ["aaa", "bbb"] as const;
  for (const atHand of [{ digest: "aaa" }, { leftOut: "it is old" }]) {
    const { kept, text } = judgeSameness({ copies, atHand });
    expect(kept).toBe(false);
    expect(text).toContain("aaa and bbb");
  }
});

test("dist has to hold what a build of its sources gives", () => {
  const copies = ["aaa", "aaa"] as const;
  expect(judgeSameness({ copies, atHand: { digest: "aaa" } }).kept).toBe(true);
  const { kept, remedy } = judgeSameness({ copies, atHand: { digest: "ccc" } });
  expect(kept).toBe(false);
  expect(remedy).toContain("bun run build");
});

test("where dist is left out, the reason is told", () => {
  const copies = ["aaa", "aaa"] as const;
  const { kept, text } = judgeSameness({ copies, atHand: { leftOut: "it is of another commit" } });
  expect(kept).toBe(true);
  expect(text).toContain("it is of another commit");
});
