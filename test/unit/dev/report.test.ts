import { expect, test } from "bun:test";
import { lab, NOBODY } from "./lab.ts";

test("a self-report is stored under the agent's own id, even in its own inbox (T5)", async () => {
  await using at = await lab();
  const { id, token } = await at.member("agent");
  const report = (body: object) => at.post(`/workspaces/${id}/activity`, { token, body });
  const answer = await report({
    activity_type: "a2a_receive",
    method: "message/send",
    target_id: NOBODY,
    summary: "did it",
    status: "error",
    error_detail: "late",
    duration_ms: 12,
    request_body: { task: "it" },
    response_body: { done: true },
  });
  expect([answer.status, answer.body]).toEqual([200, { status: "logged" }]);
  expect((await at.feed({ id, token }))[0]).toMatchObject({
    activity_type: "a2a_receive",
    source_id: id,
    target_id: NOBODY,
    method: "message/send",
    summary: "did it",
    status: "error",
    error_detail: "late",
    duration_ms: 12,
    request_body: { task: "it" },
    response_body: { done: true },
  });
  await report({ activity_type: "task_update", metadata: { step: 1 }, source_id: id });
  const [row] = await at.feed({ id, token }, "?type=task_update");
  expect(row).toMatchObject({ status: "ok", source_id: id, request_body: { step: 1 } });
});

test("a report that can't be stored is logged all the same, so it says", async () => {
  await using at = await lab();
  const { id, token } = await at.member("agent");
  const body = { activity_type: "error", target_id: "not a uuid" };
  const answer = await at.post(`/workspaces/${id}/activity`, { token, body });
  expect([answer.status, answer.body]).toEqual([200, { status: "logged" }]);
  expect(await at.feed({ id, token })).toEqual([]);
});

test.each<[object, number]>([
  [{}, 400],
  [{ activity_type: "gossip" }, 400],
  [{ activity_type: "error", duration_ms: "1" }, 400],
  [{ activity_type: "error", source_id: NOBODY }, 403],
])("a report of %j is a %i", async (body, status) => {
  await using at = await lab();
  const { id, token } = await at.member("agent");
  expect((await at.post(`/workspaces/${id}/activity`, { token, body })).status).toBe(status);
  expect(await at.feed({ id, token })).toEqual([]);
});
