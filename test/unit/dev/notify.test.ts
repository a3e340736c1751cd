import { expect, test } from "bun:test";
import { lab, NOBODY } from "./lab.ts";

test("a notice comes back in the agent's own feed, in the form of the contract (T3)", async () => {
  await using at = await lab();
  const { id, token } = await at.member("agent");
  const message = "🦦".repeat(200);
  const sent = await at.post(`/workspaces/${id}/notify`, { token, body: { message } });
  expect([sent.status, sent.body]).toEqual([200, { status: "sent" }]);
  const [row] = await at.feed({ id, token }, "?type=a2a_receive&source=canvas");
  expect(row).toMatchObject({ method: "notify", source_id: null, status: "ok" });
  expect(row.summary).toBe(`Agent message: ${"🦦".repeat(80)}`);
  expect(row.response_body).toEqual({ result: message });
  expect(Object.keys(row)).not.toContain("request_body");
});

test("a notice is not idempotent, and carries files as parts", async () => {
  await using at = await lab();
  const { id, token } = await at.member("agent");
  const attachments = [
    { uri: "https://example.com/a", name: "a", mimeType: "text/plain", size: 3 },
  ];
  const body = { message: "see", attachments };
  await at.post(`/workspaces/${id}/notify`, { token, body });
  await at.post(`/workspaces/${id}/notify`, { token, body });
  const rows = await at.feed({ id, token });
  expect(rows).toHaveLength(2);
  expect(rows[0].response_body).toEqual({
    result: "see",
    parts: [
      { kind: "text", text: "see" },
      { kind: "file", file: attachments[0] },
    ],
  });
});

test.each<[unknown, number, string]>([
  [{}, 400, "message is required"],
  [{ message: "" }, 400, "message is required"],
  [{ message: 7 }, 400, "message is required"],
  [[], 400, "message is required"],
  [
    { message: "x", attachments: [{ uri: "u", name: "n" }, { uri: "u" }] },
    400,
    "attachment[1]: uri and name are required",
  ],
])("notify with %j is refused", async (body, status, error) => {
  await using at = await lab();
  const { id, token } = await at.member("agent");
  const answer = await at.post(`/workspaces/${id}/notify`, { token, body });
  expect([answer.status, answer.body.error]).toEqual([status, error]);
  expect(await at.feed({ id, token })).toEqual([]);
});

test("notify is a 404 without a workspace, and a 403 where the ability is off (T31)", async () => {
  await using at = await lab();
  const { id, token } = await at.member("agent");
  const body = { message: "hello" };
  const nowhere = await at.post(`/workspaces/${NOBODY}/notify`, { token: at.admin, body });
  expect([nowhere.status, nowhere.body.error]).toEqual([404, "workspace not found"]);
  const abilities = (talk_to_user_enabled: boolean) =>
    at.ask("PATCH", `/workspaces/${id}/abilities`, {
      token: at.admin,
      body: { talk_to_user_enabled },
    });
  await abilities(false);
  const refused = await at.post(`/workspaces/${id}/notify`, { token, body });
  expect(refused.status).toBe(403);
  expect(refused.body).toEqual({ error: "talk_to_user_disabled", hint: expect.any(String) });
  expect(await at.feed({ id, token })).toEqual([]);
  await abilities(true);
  expect((await at.post(`/workspaces/${id}/notify`, { token, body })).status).toBe(200);
});
