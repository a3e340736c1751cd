import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { belongs, compare, Timeline } from "../../../../src/page/browser/timeline.ts";
import { rowOf, rowsDown } from "./rows.ts";

const ids = ({ rows }: Timeline) => rows.map(({ id }) => id);
const seqs = (rows: readonly { seq: number }[]) => rows.map(({ seq }) => seq);

describe("a timeline", () => {
  test("holds each row once and in order, however rows and pages come", () => {
    const order = fc.shuffledSubarray([...Array(30).keys()], { minLength: 30 });
    fc.assert(
      fc.property(order, fc.nat(29), (numbers, cut) => {
        const timeline = new Timeline();
        for (const n of numbers.slice(0, cut)) timeline.add(rowOf(n));
        timeline.restart({ rows: rowsDown(29, 10), next: "10" });
        for (const n of numbers.slice(cut)) timeline.add(rowOf(n));
        timeline.extend({ rows: rowsDown(9, 0), next: null }, "10");
        expect(seqs(timeline.rows)).toEqual([...Array(30).keys()]);
      }),
    );
  });

  test("parts rows of one instant by their seq", () => {
    const timeline = new Timeline();
    const { at } = rowOf(1);
    for (const n of [3, 1, 2]) timeline.add(rowOf(n, { at }));
    expect(ids(timeline)).toEqual(["row-1", "row-2", "row-3"]);
  });

  test("keeps what it has where the newest page meets it", () => {
    const timeline = new Timeline();
    timeline.restart({ rows: rowsDown(99, 0), next: "0" });
    timeline.pause();
    timeline.restart({ rows: rowsDown(150, 51), next: "51" });
    expect(timeline.rows.length).toBe(151);
    timeline.show(false);
    expect(timeline.widen()).toBe("0");
  });

  test("begins anew where rows are missing between what it has and the newest page", () => {
    const timeline = new Timeline();
    timeline.restart({ rows: rowsDown(99, 0), next: null });
    timeline.pause();
    // One that came after the pause bridges nothing.
    timeline.add(rowOf(350));
    timeline.restart({ rows: rowsDown(350, 251), next: "251" });
    expect(seqs(timeline.rows)[0]).toBe(251);
    timeline.show(false);
    expect(timeline.widen()).toBe("251");
  });

  test("keeps what came while it was read", () => {
    const timeline = new Timeline();
    timeline.add(rowOf(201));
    timeline.restart({ rows: rowsDown(200, 101), next: "101" });
    expect(seqs(timeline.rows).slice(-2)).toEqual([200, 201]);
  });

  test("shows the newest, and more of them when asked", () => {
    const timeline = new Timeline();
    for (let n = 0; n < 250; n++) timeline.add(rowOf(n));
    expect(seqs(timeline.show(false))).toEqual(Array.from({ length: 100 }, (_, i) => 150 + i));
    expect(timeline.hasEarlier).toBe(true);
    timeline.widen();
    expect(timeline.show(true).length).toBe(200);
    timeline.widen();
    expect(timeline.show(true).length).toBe(250);
    expect(timeline.hasEarlier).toBe(false);
  });

  test("keeps the first one that is shown while somebody reads, and else goes on with the newest", () => {
    const timeline = new Timeline();
    for (let n = 0; n < 150; n++) timeline.add(rowOf(n));
    expect(timeline.show(false)[0]?.seq).toBe(50);
    for (let n = 150; n < 170; n++) timeline.add(rowOf(n));
    expect(timeline.show(true).length).toBe(120);
    expect(timeline.show(true)[0]?.seq).toBe(50);
    expect(timeline.show(false)[0]?.seq).toBe(70);
  });

  test("shows all that is left to who reads, where the first that he saw was dropped", () => {
    const timeline = new Timeline();
    for (let n = 0; n < 5_000; n++) timeline.add(rowOf(n));
    timeline.show(false);
    while (timeline.hasEarlier) {
      timeline.widen();
      timeline.show(true);
    }
    timeline.add(rowOf(5_000));
    expect(timeline.show(true).length).toBe(2_500);
  });

  test("takes an older page only where it belongs", () => {
    const timeline = new Timeline();
    timeline.restart({ rows: rowsDown(199, 100), next: "100" });
    timeline.show(false);
    const before = timeline.widen() ?? "";
    // What came in between can't be bridged: that page would leave a hole.
    timeline.pause();
    timeline.restart({ rows: rowsDown(999, 900), next: "900" });
    timeline.extend({ rows: rowsDown(99, 0), next: null }, before);
    expect(seqs(timeline.rows)[0]).toBe(900);
    timeline.show(false);
    expect(timeline.widen()).toBe("900");
    timeline.extend({ rows: rowsDown(899, 800), next: "800" }, "900");
    expect(timeline.show(true)[0]?.seq).toBe(800);
  });

  test("drops the oldest before it fills the memory, and then offers nothing with a gap", () => {
    const timeline = new Timeline();
    timeline.restart({ rows: rowsDown(99, 0), next: "0" });
    for (let n = 100; n <= 5_000; n++) timeline.add(rowOf(n));
    expect(timeline.rows.length).toBe(2_500);
    expect(timeline.rows.at(-1)?.seq).toBe(5_000);
    timeline.show(false);
    while (timeline.hasEarlier) {
      expect(timeline.widen()).toBeUndefined();
      timeline.show(true);
    }
  });
});

test("rows are in order by time, then by seq", () => {
  expect(compare(rowOf(1), rowOf(2))).toBeLessThan(0);
  expect(compare(rowOf(2, { at: rowOf(0).at }), rowOf(1))).toBeLessThan(0);
  expect(compare(rowOf(1), rowOf(1))).toBe(0);
});

describe("which rows a view has", () => {
  test("the conversation: what the canvas and the agent say, and its progress", () => {
    for (const kind of ["user", "agent", "progress"] as const) {
      expect(belongs(rowOf(1, { kind }), "w", "conversation")).toBe(true);
      expect(belongs(rowOf(1, { kind }), "other", "conversation")).toBe(false);
    }
    expect(belongs(rowOf(1, { kind: "peer", sourceId: "p" }), "w", "conversation")).toBe(false);
    expect(belongs(rowOf(1, { kind: "other" }), "w", "conversation")).toBe(false);
  });

  test("the peers: what comes from one and what goes to one", () => {
    const row = rowOf(1, { kind: "peer", sourceId: "p" });
    expect(belongs(row, "w", "peers")).toBe(true);
    expect(belongs(row, "p", "peers")).toBe(true);
    expect(belongs(row, "third", "peers")).toBe(false);
    expect(belongs(rowOf(1), "w", "peers")).toBe(false);
  });

  test("the activity: every row of the workspace, and none of another", () => {
    expect(belongs(rowOf(1, { kind: "other" }), "w", "activity")).toBe(true);
    expect(belongs(rowOf(1, { kind: "peer", sourceId: "p" }), "p", "activity")).toBe(false);
  });
});
