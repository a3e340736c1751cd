import { expect, test } from "bun:test";
import { lab, NOBODY } from "./lab.ts";

test("the connection is shown again, but without the token (3.1)", async () => {
  await using at = await lab();
  const created = await at.post("/workspaces", { token: at.admin, body: { name: "otter" } });
  const { id, connection } = created.body;
  const shown = await at.get(`/workspaces/${id}/external/connection`, { token: at.admin });
  expect([shown.status, shown.body]).toEqual([
    200,
    { connection: { ...connection, auth_token: "" } },
  ]);
  const nobody = await at.get(`/workspaces/${NOBODY}/external/connection`, { token: at.admin });
  expect(nobody.status).toBe(404);
});

test("a workspace that is not external has neither a connection nor a token to rotate", async () => {
  await using at = await lab();
  const { id, token } = await at.member("otter");
  at.platform.database.workspaces.change(id, { runtime: "langgraph" });
  const answers = [
    await at.get(`/workspaces/${id}/external/connection`, { token }),
    await at.post(`/workspaces/${id}/external/rotate`, { token }),
  ];
  for (const { status, body } of answers) {
    expect([status, body]).toEqual([
      400,
      { error: "not an external workspace", hint: expect.stringContaining("langgraph") },
    ]);
  }
  expect((await at.get(`/workspaces/${id}/state`, { token })).status).toBe(200);
});
