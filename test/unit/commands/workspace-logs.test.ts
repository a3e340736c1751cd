import { describe, expect, test } from "bun:test";
import { systemClock } from "../../../src/shared/clock.ts";
import type { Member } from "../dev/lab.ts";
import { operator, type Operator, REVISIONS } from "./operator.ts";

/** A reader to whom ada and the canvas user have written, and who has told the latter something. */
async function talked(op: Operator): Promise<{ reader: Member; ada: Member }> {
  const reader = await op.lab.member("reader");
  const ada = await op.lab.member("ada");
  await op.lab.send(ada, reader, "first");
  await op.lab.send("canvas", reader, "second");
  await op.lab.post(`/workspaces/${reader.id}/notify`, {
    token: reader.token,
    body: { message: "third" },
  });
  return { reader, ada };
}

const lines = (out: string) => out.trimEnd().split("\n");

describe.each(REVISIONS)("workspace logs on %s", (revision) => {
  // The rows' times have to differ, or revision 1 leaves them in no order.
  const real = { revision, clock: systemClock };

  test("a line tells who wrote what to whom, oldest first", async () => {
    await using op = await operator(real);
    const { reader } = await talked(op);
    const { code, out } = await op.runBy(reader, "workspace", "logs", reader.id);
    expect(code).toBe(0);
    expect(lines(out).map((line) => line.split("  ").slice(1))).toEqual([
      ["a2a_receive", "ada → reader", "message/send", "ok", "first"],
      ["a2a_receive", "canvas → reader", "message/send", "ok", "second"],
      ["a2a_receive", "reader → canvas", "notify", "ok", "third"],
    ]);
  });

  test("-o json is an array of the platform's own rows, oldest first", async () => {
    await using op = await operator(real);
    const { reader } = await talked(op);
    const rows = await op.json("workspace", "logs", "reader");
    expect(rows).toEqual((await op.lab.feed(reader)).reverse());
  });

  test("--limit keeps the newest, and the filters leave out the rest", async () => {
    await using op = await operator(real);
    const { ada } = await talked(op);
    const texts = async (...flags: string[]) =>
      lines((await op.run("workspace", "logs", "reader", ...flags)).out).map((line) =>
        line.split("  ").at(-1),
      );
    expect(await texts("--limit", "2")).toEqual(["second", "third"]);
    expect(await texts("--source", "agent")).toEqual(["first"]);
    expect(await texts("--peer", "ada")).toEqual(["first"]);
    expect(await texts("--peer", ada.id, "--type", "a2a_receive")).toEqual(["first"]);
    const none = await op.run("workspace", "logs", "reader", "--type", "task_update");
    expect(none).toMatchObject({ code: 0, out: "" });
    expect(none.err).toContain("nothing happened there yet");
  });
});

test("--since asks for no more than the time that is meant", async () => {
  await using op = await operator();
  const reader = await op.lab.member("reader");
  await op.lab.send("canvas", reader, "old");
  op.lab.clock.time += 3_600_000;
  await op.lab.send("canvas", reader, "new");
  const { out } = await op.run("workspace", "logs", "reader", "--since", "10m");
  expect(lines(out)).toHaveLength(1);
  expect(out).toContain("new");
});

test("what a stranger wrote stays one printable line", async () => {
  await using op = await operator();
  const reader = await op.lab.member("reader");
  await op.lab.send("canvas", reader, "a\nb\x1b[31m\u202ec");
  const { out } = await op.run("workspace", "logs", "reader");
  expect(out).toEndWith("a b\\u001b[31m\\u202ec\n");
});

test("a message that repeats our token shows none of it, also where it is cut", async () => {
  await using op = await operator();
  const reader = await op.lab.member("reader");
  await op.lab.send("canvas", reader, `${"x".repeat(180)}${op.lab.admin}`);
  const { out } = await op.run("workspace", "logs", "reader");
  expect(out).toContain("xxx");
  expect(out).not.toContain(op.lab.admin.slice(0, 10));
});

test("the owner of a removed workspace is told that it was removed", async () => {
  await using op = await operator();
  const reader = await op.lab.member("reader");
  await op.lab.remove(reader, "reader");
  const { code, err } = await op.runBy(reader, "workspace", "logs", reader.id);
  expect(code).toBe(5);
  expect(err).toContain("was removed at");
});

test("a message of thousands of levels is listed without what lies deepest in it", async () => {
  await using op = await operator();
  const reader = await op.lab.member("reader");
  const deep = `${"[".repeat(1_500)}${"]".repeat(1_500)}`;
  await op.lab.post(`/workspaces/${reader.id}/a2a`, {
    token: op.lab.admin,
    raw: `{"method":"message/send","params":{"metadata":{"x":${deep}},"message":{"parts":[{"kind":"text","text":"hi"}]}}}`,
  });
  const [row] = await op.json("workspace", "logs", "reader");
  expect(row).toMatchObject({ method: "message/send" });
  const told = JSON.stringify(row);
  expect(told).toContain("nested too deeply to be shown");
  expect(told).not.toContain("[".repeat(100));
  expect(told).toContain('"text":"hi"');
  expect((await op.run("workspace", "logs", "reader")).out).toContain("message/send");
});
