import { describe, expect, test } from "bun:test";
import { operator, REVISIONS } from "./operator.ts";

describe.each(REVISIONS)("workspace list on %s", (revision) => {
  test("the table tells id, name, status, tasks and parent of each", async () => {
    await using op = await operator({ revision });
    const lead = await op.lab.member("lead");
    const reader = await op.lab.member("reader", { parent_id: lead.id, max_concurrent_tasks: 3 });
    const { code, out } = await op.run("workspace", "list");
    expect(code).toBe(0);
    const [head = "", ...lines] = out.trimEnd().split("\n");
    expect(head.includes("LAST HEARTBEAT")).toBe(revision === "r2");
    expect(lines[0]).toContain(lead.id);
    expect(lines[1]?.split(/ {2,}/)).toEqual(
      expect.arrayContaining([reader.id, "reader", "awaiting_agent", "external", "lead"]),
    );
    expect(lines[1]).toMatch(/ 0\/3 /);
  });

  test("-o json gives them as the platform does", async () => {
    await using op = await operator({ revision });
    await op.lab.member("lead");
    const { body } = await op.lab.get("/workspaces", { token: op.lab.admin });
    expect(await op.json("workspace", "list")).toEqual(body);
  });
});

test("--status and --name leave out the rest", async () => {
  await using op = await operator();
  await op.lab.member("Reviewer");
  const paused = await op.lab.member("writer");
  await op.lab.post(`/workspaces/${paused.id}/pause`, { token: op.lab.admin });
  const names = async (...flags: string[]) =>
    (await op.json("workspace", "list", ...flags)).map((row: { name: string }) => row.name);
  expect(await names("--status", "paused")).toEqual(["writer"]);
  expect(await names("--name", "view")).toEqual(["Reviewer"]);
  const none = await op.run("workspace", "list", "--name", "nothing");
  expect(none).toMatchObject({ code: 0, out: "", err: "no such workspaces\n" });
});

test("--tree indents children below their parents", async () => {
  await using op = await operator();
  const lead = await op.lab.member("lead");
  await op.lab.member("other");
  await op.lab.member("reader", { parent_id: lead.id });
  const { out } = await op.run("workspace", "list", "--tree", "--no-headers");
  expect(out.split("\n").map((line) => line.split(/ {2,}/)[1])).toEqual([
    "lead",
    "· reader",
    "other",
    undefined,
  ]);
});

test("a refused list says which token was used and which is wanted", async () => {
  await using op = await operator();
  const member = await op.lab.member("lead");
  const { code, out, err } = await op.runBy(member, "workspace", "list");
  expect({ code, out }).toEqual({ code: 3, out: "" });
  expect(err).toContain("the token came from MOLECULE_WORKSPACE_TOKEN");
  expect(err).toContain("--api-token-file");
  expect(err).not.toContain(member.token);
});
