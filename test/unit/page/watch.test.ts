/** What the visitors of the page are told. */
import { expect, test } from "bun:test";
import type { BridgeLook } from "../../../src/page/bridges.ts";
import { MAX_STREAMS } from "../../../src/page/watch.ts";
import { CONNECTED } from "../../harness/fake-bridges.ts";
import { lookUntil } from "../../harness/wait.ts";
import { CARD } from "../dev/lab.ts";
import { pageLab, TOKEN, type PageLab } from "./lab.ts";
import { Visitor } from "./visitor.ts";

const LOOK_MS = 150;

/** Lets the bridges be looked at, twice in all, so that the first look is noted. */
async function looked(lab: PageLab): Promise<void> {
  const before = lab.bridges.looks;
  const { length } = lab.at.platform.database.workspaces.all();
  await lookUntil(async () => {
    await lab.clock.advance(LOOK_MS);
    return lab.bridges.looks >= before + 2 * length;
  });
}

/** A look has begun, and those after it too; each finds what the gate is opened with. */
async function holdLook({ bridges, clock }: PageLab): Promise<PromiseWithResolvers<BridgeLook>> {
  const gate = Promise.withResolvers<BridgeLook>();
  let asked = false;
  bridges.look = () => {
    asked = true;
    return gate.promise;
  };
  await lookUntil(async () => {
    await clock.advance(LOOK_MS);
    return asked;
  });
  return gate;
}

const texts = (visitor: Visitor) => visitor.of("row").map(({ row }) => row.said.text);

/** Lets what was done be told, where it takes time to be told of. */
async function told(lab: PageLab, visitor: Visitor, rows: number): Promise<void> {
  await lookUntil(
    async () => {
      await lab.tell();
      return visitor.of("row").length >= rows;
    },
    () => `${visitor.of("row").length} of ${rows} rows`,
  );
}

test("the first frame is how all is", async () => {
  await using lab = await pageLab();
  const agent = await lab.at.member("agent", { role: "helper" });
  const ada = await lab.at.member("ada");
  const gone = await lab.at.member("gone");
  await lab.at.remove(gone, "gone");
  const open = { state: "running", runs: 1 } as const;
  lab.bridges.show(agent.id, { a: open, b: { state: "settled" } }, { pid: 42 });
  const heartbeat = {
    workspace_id: agent.id,
    error_rate: 0,
    sample_error: "it fails",
    active_tasks: 2,
    uptime_seconds: 1,
    current_task: "thinking",
    monthly_spend: 0,
    runtime_state: "",
  };
  await lab.at.post("/registry/heartbeat", { token: agent.token, body: heartbeat });
  using visitor = await Visitor.to(lab);
  expect(visitor.headers.get("content-type")).toBe("text/event-stream");
  expect(visitor.headers.get("cache-control")).toBe("no-store");
  const waiting = {
    id: ada.id,
    name: "ada",
    role: null,
    status: "awaiting_agent",
    mode: "poll",
    task: "",
    activeTasks: 0,
    trouble: "",
    heartbeatAt: null,
    mayTalk: true,
    connect: `molecule connect ${ada.id}`,
  } as const;
  expect(visitor.state).toEqual({
    version: "1.2.3",
    revision: "r2",
    workspaces: [
      {
        ...waiting,
        id: agent.id,
        name: "agent",
        role: "helper",
        status: "online",
        task: "thinking",
        activeTasks: 2,
        trouble: "it fails",
        heartbeatAt: lab.at.clock.time,
        connect: `molecule connect ${agent.id}`,
      },
      waiting,
    ],
    bridges: { [agent.id]: { ...CONNECTED, pid: 42 } },
    standings: { a: open },
  });
});

test("rows are told in their order, to every visitor, and each once", async () => {
  await using lab = await pageLab();
  const agent = await lab.at.member("agent");
  using first = await Visitor.to(lab);
  using second = await Visitor.to(lab);
  for (let n = 0; n < 30; n++) await lab.at.send("canvas", agent, String(n));
  await lab.at.post(`/workspaces/${agent.id}/notify`, {
    token: agent.token,
    body: { message: "done" },
  });
  await told(lab, first, 31);
  await told(lab, second, 31);
  const expected = [...Array.from({ length: 30 }, (_, n) => String(n)), "done"];
  expect([texts(first), texts(second)]).toEqual([expected, expected]);
  expect(first.of("row").at(-1)?.row).toEqual(
    (await lab.rows(agent.id, "conversation")).body.rows[0],
  );
  await lab.clock.advance(1_000);
  expect(first.of("row")).toHaveLength(31);
});

test("what happens at once is gathered, and told within a blink", async () => {
  await using lab = await pageLab();
  const agent = await lab.at.member("agent");
  using visitor = await Visitor.to(lab);
  for (let n = 0; n < 3; n++) await lab.at.send("canvas", agent, String(n));
  await lab.clock.untilSleeping((_, asked) => asked === 20);
  await lab.clock.advance(19);
  expect(visitor.of("row")).toEqual([]);
  await lab.clock.advance(1);
  await visitor.heard("row", 3);
});

test("a burst that no single page could hold is told in parts, and nobody is cut off by it", async () => {
  await using lab = await pageLab();
  const { id } = await lab.at.member("agent");
  using visitor = await Visitor.to(lab);
  const { activities } = lab.at.platform.database;
  for (let n = 0; n < 1_200; n++) {
    const seq = activities.add({ workspace_id: id, activity_type: "agent_log", status: "ok" }) ?? 0;
    lab.at.events.row(seq);
  }
  await told(lab, visitor, 1_200);
  const seqs = visitor.of("row").map(({ row }) => row.seq);
  expect(seqs).toEqual(Array.from({ length: 1_200 }, (_, n) => n + 1));
  expect(visitor.ended).toBe(false);
});

test("a row that is late is told when it can be seen, after newer ones", async () => {
  const rolls = [0, 0.5];
  const lateCommits = { share: 0.5, maxMs: 1_000, random: () => rolls.shift() ?? 1 };
  await using lab = await pageLab({ lateCommits });
  const agent = await lab.at.member("agent");
  using visitor = await Visitor.to(lab);
  const waiting = lab.at.clock.sleepers;
  const slow = lab.at.send("canvas", agent, "slow");
  await lookUntil(() => lab.at.clock.sleepers > waiting);
  lab.at.clock.advance(100);
  await lab.at.send("canvas", agent, "quick");
  await told(lab, visitor, 1);
  expect(texts(visitor)).toEqual(["quick"]);
  lab.at.clock.advance(900);
  await slow;
  await told(lab, visitor, 2);
  expect(texts(visitor)).toEqual(["quick", "slow"]);
  const [quick, late] = visitor.of("row").map(({ row }) => row.at) as [string, string];
  expect(late < quick).toBe(true);
});

test("a workspace is told of when it shows something new, before its first row, and when it goes", async () => {
  await using lab = await pageLab();
  await lab.at.member("agent");
  using visitor = await Visitor.to(lab);
  const ada = await lab.at.member("ada");
  await lab.at.send("canvas", ada, "hello");
  await told(lab, visitor, 1);
  expect(visitor.frames.slice(1).map(({ type }) => type)).toEqual(["workspace", "row"]);
  expect(visitor.of("workspace")[0]?.workspace).toMatchObject({ id: ada.id, name: "ada" });

  const body = { id: ada.id, agent_card: CARD, delivery_mode: "poll" };
  await lab.at.post("/registry/register", { token: ada.token, body });
  await lab.tell();
  const [, online] = await visitor.heard("workspace", 2);
  expect(online?.workspace).toMatchObject({ status: "online", heartbeatAt: lab.at.clock.time });

  // A new card is nothing that is shown.
  const card = { workspace_id: ada.id, agent_card: { name: "other" } };
  await lab.at.post("/registry/update-card", { token: ada.token, body: card });
  await lab.at.patch(`/workspaces/${ada.id}/abilities`, {
    token: lab.at.admin,
    body: { talk_to_user_enabled: false },
  });
  await lab.tell();
  const [, , silenced] = await visitor.heard("workspace", 3);
  expect(silenced?.workspace.mayTalk).toBe(false);

  await lab.at.remove(ada, "ada");
  await lab.tell();
  expect(await visitor.heard("removed")).toEqual([{ type: "removed", workspaceId: ada.id }]);
  expect(visitor.of("workspace")).toHaveLength(3);
});

test("of bridges and messages only what has changed is told", async () => {
  await using lab = await pageLab();
  const { bridges } = lab;
  const { id } = await lab.at.member("agent");
  const { id: other } = await lab.at.member("ada");
  bridges.show(id, { a: { state: "journal" }, b: { state: "settled" } });
  bridges.show(other, {});
  using visitor = await Visitor.to(lab);
  expect(Object.keys(visitor.state.bridges).sort()).toEqual([id, other].sort());

  const look = () => looked(lab);
  await look();
  expect(visitor.frames).toHaveLength(1);

  bridges.show(id, {
    a: { state: "running", runs: 1 },
    b: { state: "settled" },
    c: { state: "dead", reason: "no" },
  });
  await look();
  const [first] = await visitor.heard("standings");
  expect(first).toEqual({
    type: "standings",
    workspaceId: id,
    standings: { a: { state: "running", runs: 1 }, c: { state: "dead", reason: "no" } },
  });
  bridges.show(id, { a: { state: "running", runs: 2 }, b: { state: "settled" } }, { unsettled: 1 });
  await look();
  const [, second] = await visitor.heard("standings", 2);
  // The dead one is gone; the settled one may go without a word.
  expect(second?.standings).toEqual({ a: { state: "running", runs: 2 }, c: { state: "settled" } });
  expect(await visitor.heard("bridge")).toEqual([
    { type: "bridge", workspaceId: id, bridge: { ...CONNECTED, unsettled: 1 } },
  ]);
  bridges.show(id, {}, { unsettled: 1 });
  await look();
  const [, , third] = await visitor.heard("standings", 3);
  expect(third?.standings).toEqual({ a: { state: "settled" } });

  bridges.show(id, { d: { state: "dead", reason: "no" } }, { unsettled: 1 });
  await look();
  bridges.show(id, { d: { state: "dead", reason: "not at all" } }, { unsettled: 1 });
  await look();
  const reasons = (await visitor.heard("standings", 5)).slice(3);
  expect(reasons.map(({ standings }) => standings.d?.reason)).toEqual(["no", "not at all"]);

  bridges.drop(id);
  await look();
  const [, none] = await visitor.heard("bridge", 2);
  expect(none).toEqual({ type: "bridge", workspaceId: id, bridge: null });
  expect(visitor.of("standings")).toHaveLength(5);
});

test("what was on its way to those who have left is nothing to those who come", async () => {
  await using lab = await pageLab();
  const { bridges, clock } = lab;
  const { id } = await lab.at.member("agent");
  bridges.show(id, { a: { state: "journal" } }, { unsettled: 1 });
  const visitor = await Visitor.to(lab);
  const { look } = bridges;
  const gate = await holdLook(lab);
  visitor.leave();
  await lookUntil(() => clock.pending.length === 0);
  // Nor is what they knew: the first look of the next ones takes its time.
  bridges.look = () => new Promise(() => {});
  const coming = Visitor.to(lab);
  await clock.untilSleeping((_, ms) => ms === 500);
  await clock.advance(500);
  const next = await coming;
  expect(next.state.bridges).toEqual({});
  next.leave();
  await lookUntil(() => clock.pending.length === 0);

  bridges.look = look.bind(bridges);
  using last = await Visitor.to(lab);
  expect(last.state.bridges[id]).toMatchObject({ unsettled: 1 });
  // The old look comes to its end, and finds what the next new one does.
  const standings = new Map([["a", { state: "settled" }]] as const);
  gate.resolve({ bridge: CONNECTED, standings });
  await gate.promise;
  bridges.show(id, { a: { state: "settled" } });
  await looked(lab);
  expect(await last.heard("bridge")).toMatchObject([{ bridge: { unsettled: 0 } }]);
  expect(await last.heard("standings")).toMatchObject([{ standings: { a: { state: "settled" } } }]);
});

test("a look that is waited for no longer takes nothing from the next one", async () => {
  await using lab = await pageLab();
  const { bridges, clock } = lab;
  const { id } = await lab.at.member("agent");
  bridges.show(id, {});
  using visitor = await Visitor.to(lab);
  const { look } = bridges;
  const gate = await holdLook(lab);
  bridges.look = look.bind(bridges);
  bridges.show(id, { a: { state: "journal" } }, { unsettled: 1 });
  await clock.untilSleeping((_, ms) => ms === 60_000);
  await clock.advance(60_000);
  gate.resolve((await look.call(bridges, id)) as BridgeLook);
  await gate.promise;
  await looked(lab);
  expect(await visitor.heard("bridge")).toMatchObject([{ bridge: { unsettled: 1 } }]);
  expect(await visitor.heard("standings")).toMatchObject([
    { standings: { a: { state: "journal" } } },
  ]);
});

test("of a workspace that is removed as it is looked at nothing more is told", async () => {
  await using lab = await pageLab();
  const { bridges, clock } = lab;
  const agent = await lab.at.member("agent");
  bridges.show(agent.id, {});
  using visitor = await Visitor.to(lab);
  const gate = await holdLook(lab);
  await lab.at.remove(agent, "agent");
  await lab.tell();
  await visitor.heard("removed");
  gate.resolve({ bridge: CONNECTED, standings: new Map([["a", { state: "journal" }]]) });
  await clock.untilSleeping((_, ms) => ms === LOOK_MS);
  using other = await Visitor.to(lab);
  expect(other.state.bridges).toEqual({});
  expect(visitor.frames.map(({ type }) => type)).toEqual(["state", "removed"]);
});

test("a bridge that can't be looked at is told to the operator once, and looked at again", async () => {
  const errors: unknown[] = [];
  await using lab = await pageLab({ onError: (error) => errors.push(error) });
  const { bridges } = lab;
  const { id } = await lab.at.member("agent");
  bridges.show(id, {});
  using visitor = await Visitor.to(lab);
  const { look } = bridges;
  let fails = 0;
  bridges.look = async () => {
    fails += 1;
    throw new TypeError("broken");
  };
  await lookUntil(async () => {
    await lab.clock.advance(LOOK_MS);
    return fails >= 3;
  });
  expect(errors).toEqual([expect.any(TypeError)]);
  bridges.look = look.bind(bridges);
  bridges.show(id, {}, { unsettled: 1 });
  await looked(lab);
  expect(await visitor.heard("bridge")).toMatchObject([{ bridge: { unsettled: 1 } }]);
});

test("who comes after all have left hears of each row once", async () => {
  await using lab = await pageLab();
  const agent = await lab.at.member("agent");
  const visitor = await Visitor.to(lab);
  visitor.leave();
  await lookUntil(() => lab.clock.pending.length === 0);
  using again = await Visitor.to(lab);
  await lab.at.send("canvas", agent, "one");
  await told(lab, again, 1);
  await lab.at.send("canvas", agent, "two");
  await told(lab, again, 2);
  expect(texts(again)).toEqual(["one", "two"]);
});

test("a row says where it stands, where that is known by then", async () => {
  await using lab = await pageLab();
  const agent = await lab.at.member("agent");
  await lab.at.send("canvas", agent, "hello");
  const [row] = (await lab.rows(agent.id, "conversation")).body.rows;
  lab.bridges.show(agent.id, { [row.id]: { state: "running", runs: 1 } });
  using visitor = await Visitor.to(lab);
  lab.at.events.row(row.seq);
  await told(lab, visitor, 1);
  expect(visitor.of("row")[0]?.row.standing).toEqual({ state: "running", runs: 1 });
});

test("the bridges are looked at while somebody is there to be told, and not otherwise", async () => {
  await using lab = await pageLab();
  await lab.at.member("agent");
  const { bridges, clock } = lab;
  await clock.advance(1_000);
  expect([bridges.looks, clock.pending]).toEqual([0, []]);
  const visitor = await Visitor.to(lab);
  const other = await Visitor.to(lab);
  expect(bridges.looks).toBe(1);
  await lookUntil(async () => {
    await clock.advance(LOOK_MS);
    return bridges.looks > 3;
  });
  visitor.leave();
  other.leave();
  // Neither a look nor a ping is waited for.
  await lookUntil(() => clock.pending.length === 0);
  const { looks } = bridges;
  await clock.advance(60_000);
  expect(bridges.looks).toBe(looks);
  using again = await Visitor.to(lab);
  expect(bridges.looks).toBe(looks + 1);
  expect(again.frames).toHaveLength(1);
});

test("a look that takes its time holds up nobody for long", async () => {
  await using lab = await pageLab();
  const { id } = await lab.at.member("agent");
  const gate = Promise.withResolvers<undefined>();
  lab.bridges.look = () => gate.promise;
  const coming = Visitor.to(lab);
  await lab.clock.untilSleeping((_, asked) => asked === 500);
  await lab.clock.advance(500);
  using visitor = await coming;
  expect(visitor.state.bridges).toEqual({});
  expect(visitor.state.workspaces.map((workspace) => workspace.id)).toEqual([id]);
  gate.resolve(undefined);
});

test("a visitor hears something every 15 s", async () => {
  await using lab = await pageLab();
  using visitor = await Visitor.to(lab);
  await lab.clock.untilSleeping((_, asked) => asked === 15_000);
  await lab.clock.advance(14_999);
  expect(visitor.text).not.toContain(": ping");
  await lab.clock.advance(1);
  await lookUntil(() => visitor.text.includes(": ping\n\n"));
  await lab.clock.advance(15_000);
  await lookUntil(() => visitor.text.split(": ping\n\n").length === 3);
});

test("what no event tells of is told with the next sign of life", async () => {
  await using lab = await pageLab();
  const agent = await lab.at.member("agent");
  using visitor = await Visitor.to(lab);
  await lab.clock.untilSleeping((_, asked) => asked === 15_000);
  lab.at.platform.database.workspaces.change(agent.id, { role: "changed in silence" });
  await lab.clock.advance(15_000);
  await lookUntil(() => visitor.text.includes("changed in silence"));
  const told = visitor.text.length;
  await lab.clock.advance(15_000);
  await lookUntil(() => visitor.text.split(": ping\n\n").length === 3);
  expect(visitor.text.slice(told).replaceAll(": ping\n\n", "")).toBe("");
});

test("a visitor that does not read is cut off, and others are not", async () => {
  await using lab = await pageLab();
  const agent = await lab.at.member("agent");
  using quick = await Visitor.to(lab);
  let seen = "";
  const slow = await Bun.connect({
    hostname: "127.0.0.1",
    port: lab.at.platform.port,
    socket: {
      data: (_, data) => void (seen += data.toString()),
      close: () => {},
    },
  });
  const host = `host: 127.0.0.1:${lab.at.platform.port}`;
  slow.write(
    ["GET /page/api/stream HTTP/1.1", host, `authorization: Bearer ${TOKEN}`, "", ""].join("\r\n"),
  );
  await lookUntil(() => seen.includes('"type":"state"'));
  slow.pause();
  const { activities } = lab.at.platform.database;
  const request_body = {
    params: { message: { parts: [{ kind: "text", text: "x".repeat(60_000) }] } },
  };
  const row = {
    workspace_id: agent.id,
    activity_type: "a2a_receive",
    status: "ok",
    method: "message/send",
    request_body,
  };
  // Far more than the socket and what may wait for it can hold.
  const rows = 400;
  for (let n = 0; n < rows; n++) {
    lab.at.events.row(activities.add(row) ?? 0);
    await told(lab, quick, n + 1);
  }
  expect(quick.ended).toBe(false);
  slow.resume();
  // Its end is a proper one, and comes long before all that was told.
  await lookUntil(() => seen.endsWith("\r\n0\r\n\r\n"));
  expect(seen.split('"type":"row"').length - 1).toBeLessThan(rows - 30);
  slow.end();
  using back = await Visitor.to(lab);
  expect(back.state.workspaces).toHaveLength(1);
}, 60_000);

test("so many pages may be open, and one that is closed makes room", async () => {
  await using lab = await pageLab();
  const visitors = await Promise.all(Array.from({ length: MAX_STREAMS }, () => Visitor.to(lab)));
  const refused = await lab.api("GET", "stream");
  expect([refused.status, refused.body]).toEqual([
    503,
    { error: "too many pages are open", hint: "close some of them" },
  ]);
  visitors[0]?.leave();
  await lookUntil(async () => {
    const controller = new AbortController();
    const { status } = await fetch(`${lab.at.platform.url}/page/api/stream`, {
      headers: { authorization: `Bearer ${TOKEN}` },
      signal: controller.signal,
    });
    controller.abort();
    return status === 200;
  });
  for (const visitor of visitors) visitor.leave();
});

test.each<[string, (lab: PageLab) => unknown]>([
  ["the page", (lab) => lab.page.stop()],
  ["the platform", (lab) => lab.at.platform.stop()],
])("streams end, properly, when %s stops", async (_, stop) => {
  await using lab = await pageLab();
  const agent = await lab.at.member("agent");
  let seen = "";
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port: lab.at.platform.port,
    socket: { data: (_, data) => void (seen += data.toString()), close: () => {} },
  });
  const host = `host: 127.0.0.1:${lab.at.platform.port}`;
  socket.write(
    ["GET /page/api/stream HTTP/1.1", host, `authorization: Bearer ${TOKEN}`, "", ""].join("\r\n"),
  );
  await lookUntil(() => seen.includes('"type":"state"'));
  // Something waits to be told.
  await lab.at.send("canvas", agent, "hello");
  await stop(lab);
  await lookUntil(() => seen.endsWith("\r\n0\r\n\r\n"));
  expect(lab.clock.pending).toEqual([]);
  socket.end();
});

test("a page that has stopped takes nobody in", async () => {
  await using lab = await pageLab();
  lab.page.stop();
  const answer = await lab.api("GET", "stream");
  expect([answer.status, answer.body]).toEqual([503, { error: "the platform stops" }]);
});

test("where no bridges are given nothing is looked at", async () => {
  const { createPage } = await import("../../../src/page/page.ts");
  const page = createPage({ token: TOKEN, version: "1.2.3" });
  await using lab = await pageLab({ front: page.front });
  const { id } = await lab.at.member("agent");
  using visitor = await Visitor.to(lab);
  expect(visitor.state.bridges).toEqual({});
  expect(visitor.state.workspaces[0]?.connect).toBeNull();
  await lab.at.send("canvas", { id }, "hello");
  await visitor.heard("row");
  expect((await lab.rows(id, "conversation")).body.rows).toHaveLength(1);
  page.stop();
});
