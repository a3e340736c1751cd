/** `molecule agent list`, `inspect` and `peers`, against a platform of either revision. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { jsonHere, runHere } from "../../harness/command.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { lab, type Lab, type Member, NOBODY } from "../dev/lab.ts";

setDefaultTimeout(60_000);

const CARD = {
  name: "Ada",
  description: "reviews what others wrote",
  version: "2.1",
  skills: [{ id: "review", name: "Review", description: "reads a change" }, "plain", { id: "sum" }],
  capabilities: { streaming: true, pushNotifications: false },
};

const envOf = ({ platform }: Lab, more: Record<string, string> = {}) => ({
  MOLECULE_API_URL: platform.url,
  // No state of the machine's own may have a say.
  MOLECULE_STATE_DIR: "/nowhere",
  ...more,
});
const asAdmin = (at: Lab) => envOf(at, { MOLECULE_API_TOKEN: at.admin });
const asAgent = (at: Lab, { token }: Member) => envOf(at, { MOLECULE_WORKSPACE_TOKEN: token });

const introduce = (at: Lab, { id, token }: Member, card: object = CARD) =>
  at.post("/registry/register", { token, body: { id, agent_card: card, delivery_mode: "poll" } });

/** A parent with two children, which see one another in either revision. */
async function family(at: Lab) {
  const parent = await at.member("parent");
  const one = await at.member("one", { parent_id: parent.id });
  const two = await at.member("two", { parent_id: parent.id });
  await introduce(at, one);
  return { parent, one, two };
}

describe.each(["r1", "r2"] as const)("agent list (%s)", (revision) => {
  test("shows every agent to an administrator, with what its card says", async () => {
    await using at = await lab({ revision });
    const { one, two } = await family(at);
    const { code, out } = await runHere(["agent", "list"], asAdmin(at));
    expect(code).toBe(0);
    const lines = out.split("\n");
    expect(lines[0]).toMatch(/^ID +NAME +STATUS +TASKS +SKILLS +DESCRIPTION$/);
    const line = lines.find((text) => text.startsWith(one.id));
    expect(line).toMatch(/one +online +0\/1 +Review, plain, sum +reviews what others wrote$/);
    expect(lines.find((text) => text.startsWith(two.id))).toMatch(
      /two +awaiting_agent +0\/1 +- +-$/,
    );
  });

  test("prints the platform's own objects as JSON", async () => {
    await using at = await lab({ revision });
    await family(at);
    const { data } = await jsonHere(["agent", "list"], asAdmin(at));
    expect(data).toEqual((await at.get("/workspaces", { token: at.admin })).body);
  });

  test("shows a workspace itself and those that it can reach, by its own token", async () => {
    await using at = await lab({ revision });
    const { parent, one, two } = await family(at);
    await at.member("stranger", { parent_id: two.id });
    const { code, data } = await jsonHere(
      ["agent", "list", "--workspace", one.id],
      asAgent(at, one),
    );
    expect(code).toBe(0);
    const [first, ...others] = data.map(({ id }: Member) => id);
    expect(first).toBe(one.id);
    expect(others.sort()).toEqual([parent.id, two.id].sort());
  });

  test("ends with 3 without a token that may list, and says which one may", async () => {
    await using at = await lab({ revision });
    const { code, err, out } = await runHere(["agent", "list"], envOf(at));
    expect({ code, out }).toEqual({ code: 3, out: "" });
    expect(err).toContain("--api-token-file");
  });
});

describe.each(["r1", "r2"] as const)("agent inspect (%s)", (revision) => {
  test("shows the state and the card, and needs no token", async () => {
    await using at = await lab({ revision });
    const { parent, one } = await family(at);
    const { code, out } = await runHere(["agent", "inspect", one.id], envOf(at));
    expect(code).toBe(0);
    const fields = out.split("\n").map((line) => line.split(/ {2,}/));
    expect(fields).toContainEqual(["id", one.id]);
    expect(fields).toContainEqual(["parent", parent.id]);
    expect(fields).toContainEqual(["status", "online"]);
    expect(fields).toContainEqual(["card name", "Ada"]);
    expect(fields).toContainEqual(["card description", CARD.description]);
    expect(fields).toContainEqual(["skill", "Review: reads a change"]);
    expect(fields).toContainEqual(["skill", "sum"]);
    expect(fields).toContainEqual(["capabilities", "streaming"]);
  });

  test("says where no agent has introduced itself", async () => {
    await using at = await lab({ revision });
    const { two } = await family(at);
    const { out } = await runHere(["agent", "inspect", two.id], envOf(at));
    expect(out).toContain("none: no agent has connected yet");
  });

  test("prints the platform's own object as JSON", async () => {
    await using at = await lab({ revision });
    const { one } = await family(at);
    const { data } = await jsonHere(["agent", "inspect", one.id], envOf(at));
    expect(data).toEqual(await at.show(one));
  });

  test("takes a name where an administrator asks", async () => {
    await using at = await lab({ revision });
    const { one } = await family(at);
    const { data } = await jsonHere(["agent", "inspect", "one"], asAdmin(at));
    expect(data.id).toBe(one.id);
  });

  test("ends with 5 for one that was removed, and with 1 for one that never was", async () => {
    await using at = await lab({ revision });
    const { one } = await family(at);
    await at.remove(one, "one");
    const removed = await runHere(["agent", "inspect", one.id], envOf(at));
    expect({ code: removed.code, out: removed.out }).toEqual({ code: 5, out: "" });
    expect(removed.err).toContain("was removed");
    expect((await runHere(["agent", "inspect", NOBODY], envOf(at))).code).toBe(1);
  });

  test("survives a card of any shape", async () => {
    await using at = await lab({ revision });
    const { one } = await family(at);
    await introduce(at, one, { name: 7, skills: "none", capabilities: [1, "old"] });
    const { code, out } = await runHere(["agent", "inspect", one.id], envOf(at));
    expect(code).toBe(0);
    expect(out).toMatch(/^capabilities +old$/m);
  });
});

describe.each(["r1", "r2"] as const)("agent peers (%s)", (revision) => {
  test("lists whom a workspace can talk to, and searches among them", async () => {
    await using at = await lab({ revision });
    const { parent, one, two } = await family(at);
    const all = await jsonHere(["agent", "peers", two.id], asAgent(at, two));
    expect(all.data.map(({ id }: Member) => id).sort()).toEqual([parent.id, one.id].sort());
    const found = await jsonHere(["agent", "peers", two.id, "--search", "one"], asAgent(at, two));
    expect(found.data.map(({ id }: Member) => id)).toEqual([one.id]);
  });

  test("without an id they are those of the one workspace that has connected from here", async () => {
    using folder = tmpFolder();
    await using at = await lab({ revision });
    const { one, two } = await family(at);
    const env = { ...asAgent(at, two), MOLECULE_STATE_DIR: folder.path };
    expect(await runHere(["agent", "peers"], env)).toMatchObject({ code: 2, out: "" });
    writeFileSync(join(folder.path, `${two.id}.json`), "{}");
    expect((await jsonHere(["agent", "peers"], env)).data).toHaveLength(2);
    writeFileSync(join(folder.path, `${one.id}.token`), "t");
    const several = await runHere(["agent", "peers"], env);
    expect(several.code).toBe(2);
    expect(several.err).toContain(one.id);
  });
});
