import { expect, test } from "bun:test";
import { lab, NOBODY, type Lab, type Member } from "./lab.ts";

async function allow(at: Lab, { id }: Member): Promise<void> {
  const body = { broadcast_enabled: true };
  await at.patch(`/workspaces/${id}/abilities`, { token: at.admin, body });
}

const broadcast = (at: Lab, { id, token }: Member, body: unknown) =>
  at.post(`/workspaces/${id}/broadcast`, { token, body });

test("a broadcast reaches whom its sender may reach, and nobody takes it for a request", async () => {
  await using at = await lab();
  const root = await at.member("root");
  const ada = await at.member("ada", { parent_id: root.id });
  const twin = await at.member("twin", { parent_id: root.id });
  const stranger = await at.member("stranger");
  const gone = await at.member("gone", { parent_id: root.id });
  await at.remove(gone, "gone");
  await allow(at, ada);
  const message = "日".repeat(119) + "🙂 and more";
  const answer = await broadcast(at, ada, { message });
  expect([answer.status, answer.body]).toEqual([200, { status: "sent", delivered: 2 }]);
  for (const member of [root, twin]) {
    expect(await at.feed(member, "?type=a2a_receive")).toEqual([]);
    const [row, ...others] = await at.feed(member);
    expect(row).toMatchObject({
      activity_type: "broadcast_receive",
      source_id: ada.id,
      target_id: member.id,
      summary: "日".repeat(119) + "🙂",
    });
    expect(Object.keys(row)).not.toContain("request_body");
    expect(others).toEqual([]);
  }
  for (const member of [ada, stranger]) expect(await at.feed(member)).toEqual([]);
});

test("it has to be allowed, to say something, and to come from somebody", async () => {
  await using at = await lab();
  const ada = await at.member("ada");
  const ask = async (member: Member, body: unknown) => {
    const answer = await broadcast(at, member, body);
    return [answer.status, answer.body.error];
  };
  expect(await ask(ada, { message: "hello" })).toEqual([403, "broadcast_disabled"]);
  await allow(at, ada);
  for (const body of [{}, { message: "" }, { message: 1 }, []]) {
    expect(await ask(ada, body)).toEqual([400, "message is required"]);
  }
  expect((await ask({ id: NOBODY, token: at.admin }, { message: "hello" }))[0]).toBe(404);
});
