import { describe, expect, test } from "bun:test";
import { idAmong } from "../../../src/commands/which/resolve.ts";
import { operator, REVISIONS } from "./operator.ts";

const LEAD = "11111111-1111-4111-8111-111111111111";
const TWIN = "22222222-2222-4222-8222-222222222222";
const OTHER = "22222222-2222-4333-8222-222222222222";

const rows = [
  { id: LEAD, name: "lead" },
  { id: TWIN, name: "twin" },
  { id: OTHER, name: "twin" },
];

describe("which workspace is meant", () => {
  test("a name counts only as a whole, and its case matters", () => {
    expect(idAmong(rows, "lead")).toBe(LEAD);
    expect(() => idAmong(rows, "Lead")).toThrow('there is no workspace "Lead"');
    expect(() => idAmong(rows, "lea")).toThrow('there is no workspace "lea"');
  });

  test("of a name that several have, all ids are named", () => {
    expect(() => idAmong(rows, "twin")).toThrow('"twin" may be any of 2 workspaces');
    try {
      idAmong(rows, "twin");
    } catch (error) {
      expect((error as { hint?: string }).hint).toContain(`${TWIN} (twin), ${OTHER} (twin)`);
    }
  });

  test("the beginning of an id is enough from eight characters on, where it is clear", () => {
    expect(idAmong(rows, "11111111")).toBe(LEAD);
    expect(() => idAmong(rows, "1111111")).toThrow("there is no workspace");
    expect(() => idAmong(rows, "22222222-2222")).toThrow("may be any of 2");
    expect(idAmong(rows, "22222222-2222-43")).toBe(OTHER);
  });
});

describe("a name that is also the beginning of another's id, or all of it", () => {
  test.each(["11111111", "11111111-1111", LEAD])("%s is not taken for either", (name) => {
    const taken = [...rows, { id: OTHER.replace("4333", "4444"), name }];
    expect(() => idAmong(taken, name)).toThrow("may be any of 2 workspaces");
  });

  test("a whole id is meant, also where another goes on from there", () => {
    const ids = ["agent-one", "agent-one-more"];
    expect(
      idAmong(
        ids.map((id) => ({ id })),
        "agent-one",
      ),
    ).toBe("agent-one");
  });

  test("a row that the list has twice is one workspace", () => {
    expect(idAmong([...rows, ...rows], "lead")).toBe(LEAD);
  });
});

describe.each(REVISIONS)("a name in place of the id on %s", (revision) => {
  test("is looked up with an admin token", async () => {
    await using op = await operator({ revision });
    const { id } = await op.lab.member("lead");
    expect(await op.json("workspace", "inspect", "lead")).toMatchObject({ id });
    expect((await op.run("workspace", "inspect", "leed")).err).toContain('Did you mean "lead"?');
  });

  test("is refused where no token lets it be looked up, and the id is asked for", async () => {
    await using op = await operator({ revision });
    const member = await op.lab.member("lead");
    const { code, err } = await op.runBy(member, "workspace", "logs", "lead");
    expect(code).toBe(3);
    expect(err).toContain('"lead" is no id');
    expect(err).toContain("Give the id");
  });
});
