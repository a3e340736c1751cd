import { describe, expect, test } from "bun:test";
import { operator, REVISIONS } from "./operator.ts";

describe.each(REVISIONS)("workspace update on %s", (revision) => {
  test("changes what is given and leaves the rest", async () => {
    await using op = await operator({ revision });
    const lead = await op.lab.member("lead");
    const { id } = await op.lab.member("reader", { role: "reads" });
    const words = ["workspace", "update", "reader", "--name", "critic", "--parent", "lead"];
    const { code, out } = await op.run(...words, "--no-talk-to-user", "--broadcast");
    expect({ code, out }).toEqual({ code: 0, out: `changed ${id}\n` });
    expect(await op.lab.show({ id })).toMatchObject({
      name: "critic",
      role: "reads",
      parent_id: lead.id,
      talk_to_user_enabled: false,
      broadcast_enabled: true,
    });
  });

  test("rights alone leave the fields as they are", async () => {
    await using op = await operator({ revision });
    const { id } = await op.lab.member("reader");
    expect(await op.json("workspace", "update", id, "--no-talk-to-user")).toEqual({
      id,
      status: "updated",
    });
    expect(await op.lab.show({ id })).toMatchObject({
      name: "reader",
      talk_to_user_enabled: false,
    });
  });
});

test("--root takes it out from below another, and says what was changed", async () => {
  await using op = await operator();
  const lead = await op.lab.member("lead");
  const { id } = await op.lab.member("reader", { parent_id: lead.id });
  const told = await op.json("workspace", "update", id, "--root", "--name", "critic");
  expect(told).toEqual({ id, name: "critic", status: "updated" });
  expect((await op.lab.show({ id })).parent_id).toBeNull();
  const both = await op.run("workspace", "update", id, "--root", "--parent", lead.id);
  expect(both.code).toBe(2);
  expect(both.err).toContain("--root and --parent were both given");
});

test("nothing to change is a mistake", async () => {
  await using op = await operator();
  const { code, err } = await op.run("workspace", "update", "reader");
  expect(code).toBe(2);
  expect(err).toContain("nothing is to be changed");
});

test("fields that were changed before the rights were refused are told as changed", async () => {
  await using op = await operator();
  const reader = await op.lab.member("reader");
  const words = ["workspace", "update", reader.id, "--role", "reads", "--broadcast"];
  const { code, err } = await op.runBy(reader, ...words);
  expect(code).toBe(3);
  expect(err).toContain("the fields were changed, and the rights were not");
  expect(await op.lab.show(reader)).toMatchObject({ role: "reads", broadcast_enabled: false });
});
