/** What is heard of the platform from within its own process. */
import { expect, test } from "bun:test";
import type { Happening } from "../../../src/dev/events.ts";
import { seed } from "../../../src/dev/seed.ts";
import { lookUntil } from "../../harness/wait.ts";
import { CARD, lab, type Lab, NOBODY } from "./lab.ts";

function watch(at: Lab): { heard: Happening[]; end: () => void } {
  const heard: Happening[] = [];
  return { heard, end: at.events.watch((happening) => heard.push(happening)) };
}

const changed = (workspaceId: string) => ({ type: "RECORD_CHANGED", workspaceId }) as const;

test("each row is heard by its seq, also of notices, and each event of a workspace", async () => {
  await using at = await lab();
  const agent = await at.member("agent");
  const { heard, end } = watch(at);
  const { token } = agent;
  await at.send("canvas", agent, "hello", "m-1");
  await at.post(`/workspaces/${agent.id}/notify`, { token, body: { message: "hi" } });
  // The same message again makes no row.
  await at.send("canvas", agent, "hello", "m-1");
  expect(heard).toEqual([
    { type: "row", seq: 1 },
    { type: "ACTIVITY_LOGGED", workspaceId: agent.id },
    { type: "AGENT_MESSAGE", workspaceId: agent.id },
    { type: "row", seq: 2 },
  ]);
  const seqs = (await at.feed(agent)).map((row) => row.seq);
  expect(seqs).toEqual([2, 1]);
  end();
  await at.send("canvas", agent, "more");
  expect(heard).toHaveLength(4);
});

test("rows that were written together are heard one by one", async () => {
  await using at = await lab();
  const [agent, ada, ben] = [await at.member("a"), await at.member("b"), await at.member("c")];
  await at.patch(`/workspaces/${agent.id}/abilities`, {
    token: at.admin,
    body: { broadcast_enabled: true },
  });
  const { heard } = watch(at);
  await at.post(`/workspaces/${agent.id}/broadcast`, {
    token: agent.token,
    body: { message: "all" },
  });
  const rows = heard.filter(({ type }) => type === "row");
  expect(rows).toEqual([
    { type: "row", seq: 1 },
    { type: "row", seq: 2 },
  ]);
  expect((await at.feed(ada))[0].seq + (await at.feed(ben))[0].seq).toBe(3);
});

test("a row that is late is heard when readers can see it", async () => {
  const random = () => 0.5;
  await using at = await lab({ lateCommits: { share: 1, maxMs: 1_000, random } });
  const agent = await at.member("agent");
  const { heard } = watch(at);
  const waiting = at.clock.sleepers;
  const sent = at.send("canvas", agent, "hello");
  await lookUntil(() => at.clock.sleepers > waiting);
  expect(heard).toEqual([]);
  at.clock.advance(500);
  await sent;
  expect(heard[0]).toEqual({ type: "row", seq: 1 });
});

test("what is no event of the contract is heard, too: made, edited, registered while paused", async () => {
  await using at = await lab();
  const { heard } = watch(at);
  const agent = await at.member("agent");
  expect(heard).toEqual([changed(agent.id)]);
  heard.length = 0;
  const edit = (path: string, body: object) =>
    at.patch(`/workspaces/${agent.id}${path}`, { token: at.admin, body });
  await edit("", { name: "other" });
  await edit("/abilities", { talk_to_user_enabled: false });
  expect(heard).toEqual([changed(agent.id), changed(agent.id)]);
  await at.post(`/workspaces/${agent.id}/pause`, { token: at.admin });
  heard.length = 0;
  const body = { id: agent.id, agent_card: CARD, delivery_mode: "poll" };
  await at.post("/registry/register", { token: agent.token, body });
  expect(heard).toEqual([changed(agent.id)]);
  heard.length = 0;
  await at.remove(agent, "other");
  expect(heard).toEqual([{ type: "WORKSPACE_REMOVED", workspaceId: agent.id }]);
  heard.length = 0;
  const { workspaces } = await seed(at.platform);
  expect(heard).toEqual(workspaces.map(({ id }) => changed(id)));
});

test("who watches breaks nothing by failing, and its failure is told", async () => {
  const errors: unknown[] = [];
  await using at = await lab({ onError: (error) => errors.push(error) });
  const agent = await at.member("agent");
  at.events.watch(() => {
    throw new RangeError("broken");
  });
  const { heard } = watch(at);
  expect((await at.send("canvas", agent, "hello")).status).toBe(200);
  expect(heard).toHaveLength(2);
  expect(errors).toEqual([expect.any(RangeError), expect.any(RangeError)]);
});

test("the stop is the last that is heard", async () => {
  const at = await lab();
  const { heard } = watch(at);
  await at.platform.stop();
  expect(heard).toEqual([{ type: "stop" }]);
});

test("one function may watch twice, and a watch that has ended is over", async () => {
  await using at = await lab();
  const heard: Happening[] = [];
  const note = (happening: Happening) => void heard.push(happening);
  const first = at.events.watch(note);
  at.events.watch(note);
  at.events.changed(NOBODY);
  first();
  at.events.changed(NOBODY);
  expect(heard).toHaveLength(3);
});
