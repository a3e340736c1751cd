/** Rows of the past, as the page asks for them. */
import { expect, test } from "bun:test";
import type { RowPage } from "../../../src/page/wire.ts";
import { NOBODY } from "../dev/lab.ts";
import { pageLab, type PageLab } from "./lab.ts";

async function readAll(lab: PageLab, id: string, view: string): Promise<RowPage[]> {
  const pages: RowPage[] = [];
  let before: string | undefined;
  do {
    const { status, body } = await lab.rows(id, view, before);
    expect(status).toBe(200);
    pages.push(body);
    before = body.next ?? undefined;
  } while (before !== undefined);
  return pages;
}

test("each view shows its rows, the newest first", async () => {
  await using lab = await pageLab();
  const { at } = lab;
  const [agent, ada] = [await at.member("agent"), await at.member("ada")];
  await at.send("canvas", agent, "one");
  await at.send(ada, agent, "two");
  await at.send(agent, ada, "three");
  await at.post(`/workspaces/${agent.id}/notify`, {
    token: agent.token,
    body: { message: "four" },
  });
  const shown = async (id: string, view: string) => {
    const { body } = await lab.rows(id, view);
    return body.rows.map((row: any) => [row.kind, row.said.text]);
  };
  expect(await shown(agent.id, "conversation")).toEqual([
    ["agent", "four"],
    ["user", "one"],
  ]);
  expect(await shown(agent.id, "peers")).toEqual([
    ["peer", "three"],
    ["peer", "two"],
  ]);
  expect(await shown(agent.id, "activity")).toEqual([
    ["agent", "four"],
    ["peer", "two"],
    ["user", "one"],
  ]);
  expect(await shown(ada.id, "peers")).toEqual(await shown(agent.id, "peers"));
});

test("pages follow on one another, also where rows share an instant", async () => {
  await using lab = await pageLab();
  const { id } = await lab.at.member("agent");
  const { activities } = lab.at.platform.database;
  const seqs = Array.from({ length: 250 }, (_, n) => {
    if (n === 120) lab.at.clock.advance(1);
    return activities.add({ workspace_id: id, activity_type: "agent_log", status: "ok" });
  });
  const pages = await readAll(lab, id, "activity");
  expect(pages.map(({ rows }) => rows.length)).toEqual([100, 100, 50]);
  expect(pages.flatMap(({ rows }) => rows.map(({ seq }) => seq))).toEqual(
    (seqs as number[]).reverse(),
  );
});

test("where messages stand is asked of the bridge of the workspace that they are for", async () => {
  await using lab = await pageLab();
  const { at, bridges } = lab;
  const [agent, ada] = [await at.member("agent"), await at.member("ada")];
  await at.send(ada, agent, "in");
  await at.send(agent, ada, "out");
  const { rows } = (await lab.rows(agent.id, "peers")).body as RowPage;
  expect(rows.map(({ standing }) => standing)).toEqual([undefined, undefined]);
  const [out, into] = rows;
  bridges.stand(agent.id, into?.id ?? "", { state: "running", runs: 2 });
  bridges.stand(ada.id, out?.id ?? "", { state: "dead", reason: "no" });
  const again = (await lab.rows(agent.id, "peers")).body as RowPage;
  expect(again.rows.map(({ standing }) => standing)).toEqual([
    { state: "dead", reason: "no" },
    { state: "running", runs: 2 },
  ]);
});

test.each([
  "",
  "x",
  "_1",
  "2026-01-01T00:00:00.000000000Z",
  "2026-01-01T00:00:00.000000000Z_",
  "2026-01-01T00:00:00.000000000Z_x",
  "2026-01-01T00:00:00.000000000Z_1 ",
  "2026-01-01T00:00:00.000000000Z_-1",
  "2026-01-01T00:00:00Z_1",
  "2026-99-01T00:00:00.000000000Z_1",
  "2026-01-01T00:00:00.000000000Z_9999999999999999",
  "' OR 1=1 --",
])("a page before %p is none", async (before) => {
  await using lab = await pageLab();
  const { id } = await lab.at.member("agent");
  const answer = await lab.rows(id, "activity", before);
  expect([answer.status, answer.body.error]).toEqual([400, "before must be the next of a page"]);
});

test("views and workspaces that there are none of are refused", async () => {
  await using lab = await pageLab();
  const { id } = await lab.at.member("agent");
  for (const view of ["", "all", "constructor"]) {
    const answer = await lab.rows(id, view);
    expect(answer.status).toBe(400);
    expect(answer.body.error).toBe("view must be one of conversation, peers, activity");
  }
  for (const other of [NOBODY, "agent", "..%2f"]) {
    expect((await lab.rows(other, "activity")).status).toBe(404);
  }
  await lab.at.remove({ id }, "agent");
  expect((await lab.rows(id, "activity")).status).toBe(404);
});

test("a whole row is the one of the feed", async () => {
  await using lab = await pageLab();
  const agent = await lab.at.member("agent");
  await lab.at.send("canvas", agent, "x".repeat(100_000));
  const [row] = await lab.at.feed(agent);
  const answer = await lab.api("GET", `rows/${row.id}`);
  expect(answer.body).toEqual(row);
  expect(answer.headers.get("content-type")).toBe("application/json");
  for (const id of [NOBODY, "x", "%zz"]) {
    expect((await lab.api("GET", `rows/${id}`)).status).toBe(404);
  }
});

test("what is nested absurdly deep is shown, and takes nothing down", async () => {
  await using lab = await pageLab();
  const agent = await lab.at.member("agent");
  const deep = `${"[".repeat(9_000)}${"]".repeat(9_000)}`;
  const raw = `{"jsonrpc":"2.0","method":"message/send","params":{"message":{"parts":[{"kind":"data","data":${deep}},{"kind":"text","text":"hi"}]}}}`;
  const sent = await lab.at.post(`/workspaces/${agent.id}/a2a`, { token: lab.at.admin, raw });
  expect(sent.status).toBe(200);
  const { status, body } = await lab.rows(agent.id, "conversation");
  expect([status, body.rows[0].said]).toEqual([200, { text: "", clipped: true, files: [] }]);
  const response = await fetch(`${lab.at.platform.url}/page/api/rows/${body.rows[0].id}`, {
    headers: { authorization: "Bearer page-token-0123456789" },
  });
  expect(await response.text()).toContain(deep);
});

test("a method that a route does not take is refused with those that it does", async () => {
  await using lab = await pageLab();
  const { id } = await lab.at.member("agent");
  const cases = [
    ["POST", `workspaces/${id}/rows`, "GET"],
    ["GET", `workspaces/${id}/messages`, "POST"],
    ["DELETE", "stream", "GET"],
    ["PUT", "session", "POST"],
  ] as const;
  for (const [method, path, allowed] of cases) {
    const answer = await lab.api(method, path);
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, allowed]);
  }
  expect((await lab.api("GET", "nothing")).status).toBe(404);
});
