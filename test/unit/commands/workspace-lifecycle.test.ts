import { describe, expect, test } from "bun:test";
import { operator, REVISIONS } from "./operator.ts";

describe.each(REVISIONS)("on %s", (revision) => {
  test("restart of an external workspace is no success: its owner restarts it", async () => {
    await using op = await operator({ revision });
    const { id } = await op.lab.member("reader");
    const { code, out, err } = await op.run("workspace", "restart", "reader");
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toContain("nothing was restarted");
    expect(err).toContain(`molecule connect ${id}`);
  });

  test("pause takes those below with it, and counts them", async () => {
    await using op = await operator({ revision });
    const lead = await op.lab.member("lead");
    const reader = await op.lab.member("reader", { parent_id: lead.id });
    const { code, out } = await op.runBy(lead, "workspace", "pause", lead.id);
    expect(code).toBe(0);
    expect(out).toBe(`paused ${lead.id} and 1 workspace below it\n`);
    expect((await op.lab.show(reader)).status).toBe("paused");
  });

  test("one that was removed meanwhile is told as removed, not as a bad token", async () => {
    await using op = await operator({ revision });
    const reader = await op.lab.member("reader");
    await op.lab.remove(reader, "reader");
    const { code, err } = await op.runBy(reader, "workspace", "pause", reader.id);
    expect(code).toBe(5);
    expect(err).toContain("was removed at");
  });
});

test("-o json tells what was paused and resumed", async () => {
  await using op = await operator({ revision: "r2" });
  const { id } = await op.lab.member("reader");
  expect(await op.json("workspace", "pause", id)).toMatchObject({ id, status: "paused" });
  const told = await op.json("workspace", "resume", id);
  expect(told).toMatchObject({ id, name: "reader", status: "provisioning" });
});

test("resume ends a pause that the agent alone can't end, and says what is still needed", async () => {
  await using op = await operator({ revision: "r2" });
  const { id } = await op.lab.member("reader");
  await op.run("workspace", "pause", id);
  const { code, out, err } = await op.run("workspace", "resume", id);
  expect(code).toBe(0);
  expect(out).toBe(`resumed ${id}\n`);
  expect(err).toContain(`comes online once its agent is there: molecule connect ${id}`);
  expect((await op.lab.show({ id })).status).toBe("provisioning");
  const idle = await op.run("workspace", "resume", id);
  expect(idle).toMatchObject({ code: 1, out: "" });
  expect(idle.err).toContain(
    `nothing was resumed: workspace ${id} is not paused, it is provisioning`,
  );
});

test("where connecting ends the pause, resume leaves it to that", async () => {
  await using op = await operator({ revision: "r1" });
  const { id } = await op.lab.member("reader");
  await op.run("workspace", "pause", id);
  const { code, err } = await op.run("workspace", "resume", id);
  expect(code).toBe(1);
  expect(err).toContain("nothing was resumed");
  expect(err).toContain(`molecule connect ${id}`);
  expect((await op.lab.show({ id })).status).toBe("paused");
});
