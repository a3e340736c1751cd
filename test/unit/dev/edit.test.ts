import { expect, test } from "bun:test";
import { lab, NOBODY, type Lab, type Member } from "./lab.ts";

const BOTH = ["r1", "r2"] as const;

const edit = async (at: Lab, { id }: { id: string }, body: unknown, token = at.admin) => {
  const answer = await at.patch(`/workspaces/${id}`, { token, body });
  return [answer.status, answer.body.error ?? answer.body];
};

const UPDATED = [200, { status: "updated" }];

test.each(BOTH)("%s: a workspace is changed field by field (3.1)", async (revision) => {
  await using at = await lab({ revision });
  const root = await at.member("root");
  const otter = await at.member("otter", { role: "swims", parent_id: root.id });
  const body = { name: "Otto", tier: 3, x: 1.5, y: -2, collapsed: true };
  expect(await edit(at, otter, body)).toEqual(UPDATED);
  expect(await at.show(otter)).toMatchObject({ ...body, role: "swims", parent_id: root.id });
  expect(await edit(at, otter, { role: "", parent_id: null })).toEqual(UPDATED);
  expect(await at.show(otter)).toMatchObject({ name: "Otto", role: null, parent_id: null });
  expect(await edit(at, otter, {})).toEqual(UPDATED);
});

test("what a running agent does not notice needs a restart", async () => {
  await using at = await lab();
  const otter = await at.member("otter");
  const restart = [200, { status: "updated", needs_restart: true }];
  expect(await edit(at, otter, { runtime: "kimi" })).toEqual(restart);
  expect(await edit(at, otter, { runtime: "kimi" })).toEqual(UPDATED);
  expect(await edit(at, otter, { workspace_dir: "/srv/otter" })).toEqual(restart);
  const [row] = (await at.get("/workspaces", { token: at.admin })).body;
  expect(row).toMatchObject({ runtime: "kimi", workspace_dir: "/srv/otter" });
});

test.each<[unknown]>([
  [{ name: "" }],
  [{ name: "a*b" }],
  [{ name: "x".repeat(256) }],
  [{ name: 1 }],
  [{ role: "x".repeat(1001) }],
  [{ tier: "2" }],
  [{ tier: null }],
  [{ parent_id: NOBODY }],
  [{ runtime: "" }],
  [{ workspace_dir: "relative" }],
  [{ x: "1" }],
  [{ collapsed: 1 }],
  [[]],
])("%j is a 400 and changes nothing", async (body) => {
  await using at = await lab();
  const otter = await at.member("otter", { role: "swims" });
  const before = await at.show(otter);
  const sent = Array.isArray(body) ? body : { ...(body as object), y: 7 };
  expect((await edit(at, otter, sent))[0]).toBe(400);
  expect(await at.show(otter)).toEqual(before);
});

test("no workspace is put below itself, however far", async () => {
  await using at = await lab();
  const root = await at.member("root");
  const child = await at.member("child", { parent_id: root.id });
  const grandchild = await at.member("grandchild", { parent_id: child.id });
  for (const parent of [root, child, grandchild]) {
    expect((await edit(at, root, { parent_id: parent.id.toUpperCase() }))[0]).toBe(400);
  }
  expect(await edit(at, grandchild, { parent_id: root.id })).toEqual(UPDATED);
  expect(await edit(at, child, { parent_id: grandchild.id })).toEqual(UPDATED);
});

test.each([
  ["r1", 200],
  ["r2", 403],
] as const)("%s: its own infrastructure is a %i for a workspace", async (revision, status) => {
  await using at = await lab({ revision });
  const otter: Member = await at.member("otter");
  const fields = { tier: 2, parent_id: null, runtime: "kimi", workspace_dir: "/srv" };
  for (const [key, value] of Object.entries(fields)) {
    expect((await edit(at, otter, { [key]: value }, otter.token))[0]).toBe(status);
    expect((await edit(at, otter, { [key]: value }, await at.orgToken()))[0]).toBe(200);
  }
  expect(await edit(at, otter, { name: "Otto" }, otter.token)).toEqual(UPDATED);
});

test("there is nothing to change where there is no workspace", async () => {
  await using at = await lab();
  const otter = await at.member("otter");
  await at.remove(otter, "otter");
  expect((await edit(at, otter, { name: "Otto" }))[0]).toBe(404);
  expect((await edit(at, { id: NOBODY }, { name: "Otto" }))[0]).toBe(404);
});
