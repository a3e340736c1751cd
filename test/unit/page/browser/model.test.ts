import { describe, expect, test } from "bun:test";
import { KnownStandings } from "../../../../src/page/browser/known-standings.ts";
import { Model, type Pending } from "../../../../src/page/browser/model.ts";
import type { Frame, PageBridge, PageWorkspace, Standing } from "../../../../src/page/wire.ts";
import { rowOf, rowsDown } from "./rows.ts";

const workspaceOf = (id: string, more: Partial<PageWorkspace> = {}): PageWorkspace => ({
  id,
  name: `name of ${id}`,
  role: null,
  status: "online",
  mode: "poll",
  task: "",
  activeTasks: 0,
  trouble: "",
  heartbeatAt: null,
  mayTalk: true,
  connect: null,
  ...more,
});

const BRIDGE: PageBridge = {
  state: "connected",
  troubles: [],
  backend: "exec",
  pid: 1,
  since: 0,
  wake: null,
  unsettled: 0,
  outbox: 0,
  deadLetters: 0,
};

const state = (...ids: string[]): Frame => ({
  type: "state",
  state: {
    version: "1",
    revision: "r2",
    workspaces: ids.map((id) => workspaceOf(id)),
    bridges: {},
    standings: {},
  },
});

function begun(...ids: string[]): Model {
  const model = new Model();
  model.take(state(...ids), true);
  return model;
}

const standings = (id: string, standing: Standing): Frame => ({
  type: "standings",
  workspaceId: "w",
  standings: { [id]: standing },
});

const pendingOf = (messageId: string, workspaceId = "w"): Pending => ({
  messageId,
  workspaceId,
  text: "",
  files: [],
  at: 0,
  state: "sending",
});

describe("the workspaces", () => {
  test("the first is selected, and another one where the selected is removed", () => {
    const model = begun("w", "x");
    expect(model.selected).toBe("w");
    model.take({ type: "removed", workspaceId: "w" }, true);
    expect(model.selected).toBe("x");
    expect(model.workspaces.map(({ id }) => id)).toEqual(["x"]);
  });

  test("what is new in one that is removed is not counted any more", () => {
    const model = begun("w", "x");
    const row = rowOf(1, { kind: "agent", workspaceId: "x" });
    model.take({ type: "row", row }, true);
    model.take({ type: "removed", workspaceId: "x" }, true);
    expect(model.unread.size).toBe(0);
  });

  test("the selection stays when the platform comes back", () => {
    const model = begun("w", "x");
    model.select("x");
    model.take(state("w", "x"), true);
    expect(model.selected).toBe("x");
  });

  test("a change takes the place of what was there, and a new one stands at the end", () => {
    const model = begun("w", "x");
    model.take({ type: "workspace", workspace: workspaceOf("w", { task: "thinks" }) }, true);
    model.take({ type: "workspace", workspace: workspaceOf("y") }, true);
    expect(model.workspaces.map(({ id, task }) => [id, task])).toEqual([
      ["w", "thinks"],
      ["x", ""],
      ["y", ""],
    ]);
  });

  test("one that is gone is called by the beginning of its id", () => {
    const model = begun("w");
    expect(model.nameOf("w")).toBe("name of w");
    expect(model.nameOf("0123456789")).toBe("01234567");
  });
});

describe("what is new", () => {
  test("is counted where nobody looks, until somebody does", () => {
    const model = begun("w", "x");
    const says = (n: number, workspaceId: string): Frame => ({
      type: "row",
      row: rowOf(n, { kind: "agent", workspaceId }),
    });
    model.take(says(1, "w"), true);
    model.take(says(2, "x"), true);
    model.take(says(3, "w"), false);
    expect([...model.unread]).toEqual([
      ["x", 1],
      ["w", 1],
    ]);
    model.select("x");
    expect([...model.unread]).toEqual([["w", 1]]);
  });

  test("is no word of one's own, nor one between peers", () => {
    const model = begun("w", "x");
    model.take({ type: "row", row: rowOf(1, { workspaceId: "x" }) }, true);
    model.take({ type: "row", row: rowOf(2, { workspaceId: "x", kind: "peer" }) }, true);
    expect([...model.unread]).toEqual([]);
  });
});

describe("where messages stand", () => {
  test("the last word counts", () => {
    const model = begun("w");
    model.take({ type: "row", row: rowOf(1, { standing: { state: "journal" } }) }, true);
    model.take(standings("row-1", { state: "running", runs: 1 }), true);
    expect(model.standingOf(rowOf(1))).toEqual({ state: "running", runs: 1 });
  });

  test("a page of the past, asked for earlier, takes nothing back", () => {
    const model = begun("w");
    model.take(standings("row-1", { state: "settled" }), true);
    model.learn([rowOf(1, { standing: { state: "running" } })]);
    model.learn([rowOf(2, { standing: { state: "dead", reason: "no" } })]);
    expect(model.standingOf(rowOf(1))).toEqual({ state: "settled" });
    expect(model.standingOf(rowOf(2))).toEqual({ state: "dead", reason: "no" });
  });

  test("after a pause those count that are told again, and what was settled", () => {
    const model = begun("w");
    for (const n of [1, 2, 3]) {
      model.take(standings(`row-${n}`, { state: n === 3 ? "settled" : "running" }), true);
    }
    const again = state("w") as Extract<Frame, { type: "state" }>;
    again.state.standings = { "row-2": { state: "outbox" } };
    model.take(again, true);
    expect([1, 2, 3].map((n) => model.standingOf(rowOf(n))?.state)).toEqual([
      undefined,
      "outbox",
      "settled",
    ]);
    model.learn([rowOf(1, { standing: { state: "settled" } })]);
    expect(model.standingOf(rowOf(1))?.state).toBe("settled");
  });

  test("those told of last are kept, however many there are", () => {
    const known = new KnownStandings();
    for (let n = 0; n <= 10_000; n++) known.tell(`row-${n}`, { state: "settled" });
    expect(known.of("row-0")).toBeUndefined();
    expect(known.of("row-1")).toBeDefined();
    expect(known.of("row-10000")).toBeDefined();
  });

  test("a bridge comes and goes", () => {
    const model = begun("w");
    model.take({ type: "bridge", workspaceId: "w", bridge: BRIDGE }, true);
    expect(model.bridges.get("w")).toEqual(BRIDGE);
    model.take({ type: "bridge", workspaceId: "w", bridge: null }, true);
    expect(model.bridges.get("w")).toBeUndefined();
  });
});

describe("messages on their way", () => {
  test("are gone when the feed has them, by a row or a page, and only those", () => {
    const model = begun("w");
    model.pending = [1, 2, 3].map((n) => pendingOf(`message-${n}`));
    model.pending.push(pendingOf("message-1", "x"));
    model.take({ type: "row", row: rowOf(1) }, true);
    model.learn([rowOf(2)]);
    expect(model.pending.map(({ messageId, workspaceId }) => [messageId, workspaceId])).toEqual([
      ["message-3", "w"],
      ["message-1", "x"],
    ]);
  });
});

describe("timelines", () => {
  test("those that were looked at take new rows; after a pause they are read again, and kept", () => {
    const model = begun("w");
    const timeline = model.timeline("w", "conversation");
    timeline.restart({ rows: rowsDown(3, 1), next: null });
    model.take({ type: "row", row: rowOf(4) }, true);
    expect(timeline.rows.length).toBe(4);
    expect(timeline.state).toBe("read");
    model.take(state("w"), true);
    expect(model.timeline("w", "conversation")).toBe(timeline);
    expect(timeline.state).toBe("unread");
    expect(timeline.rows.length).toBe(4);
  });
});
