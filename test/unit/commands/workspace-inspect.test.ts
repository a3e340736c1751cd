import { describe, expect, test } from "bun:test";
import { runHere } from "../../harness/command.ts";
import { CARD, NOBODY } from "../dev/lab.ts";
import { operator, REVISIONS } from "./operator.ts";

describe.each(REVISIONS)("workspace inspect on %s", (revision) => {
  test("an id is enough: no token is needed", async () => {
    await using op = await operator({ revision });
    const { id } = await op.lab.member("lead", { role: "leads" });
    const { code, out } = await op.runAs({}, ["workspace", "inspect", id]);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^id +${id}$`, "m"));
    expect(out).toMatch(/^role +leads$/m);
    expect(out).not.toContain("budget");
    const shown = await op.runAs({}, ["workspace", "inspect", id.toUpperCase(), "-o", "json"]);
    expect(JSON.parse(shown.out)).toEqual((await op.lab.get(`/workspaces/${id}`)).body);
  });

  test("an admin token adds what only the list tells", async () => {
    await using op = await operator({ revision });
    const { id } = await op.lab.member("lead", { budget_limit: 250 });
    expect((await op.run("workspace", "inspect", id)).out).toMatch(/^budget +\$2\.50$/m);
    expect(await op.json("workspace", "inspect", id)).toMatchObject({ budget_limit: 250 });
  });

  test("--card shows the agent's card alone", async () => {
    await using op = await operator({ revision });
    const member = await op.lab.member("lead");
    expect(await op.json("workspace", "inspect", "lead", "--card")).toBeNull();
    await op.lab.post("/registry/register", {
      token: member.token,
      body: { id: member.id, agent_card: CARD, delivery_mode: "poll" },
    });
    expect(await op.json("workspace", "inspect", "lead", "--card")).toMatchObject(CARD);
  });

  test("of a removed one it says when, and ends with 5", async () => {
    await using op = await operator({ revision });
    const { id } = await op.lab.member("lead");
    await op.lab.remove({ id }, "lead");
    const { code, out, err } = await op.run("workspace", "inspect", id);
    expect({ code, out }).toEqual({ code: 5, out: "" });
    expect(err).toContain(`workspace ${id} was removed at 2026-01-01T00:00:00`);
    expect(await op.json("workspace", "inspect", id, "--removed")).toMatchObject({
      id,
      status: "removed",
    });
  });

  test("a list that fails is told, where it would have been shown", async () => {
    await using op = await operator({ revision });
    const { id, token } = await op.lab.member("lead", { budget_limit: 250 });
    // Not for a workspace's token: then there is no more to tell, and no failure.
    expect((await op.runAs({ MOLECULE_API_TOKEN: token }, ["workspace", "inspect", id])).code).toBe(
      0,
    );
    let lists = 0;
    using server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: ({ url, method, headers }) => {
        const { pathname } = new URL(url);
        if (pathname !== "/workspaces")
          return fetch(op.lab.platform.url + pathname, { method, headers });
        lists += 1;
        return Response.json({ error: "away" }, { status: 503 });
      },
    });
    const words = ["workspace", "inspect", id, "--api-url", server.url.origin];
    const { code, err } = await runHere(words, { MOLECULE_API_TOKEN: op.lab.admin, HOME: op.home });
    expect({ code, lists }).toEqual({ code: 4, lists: 1 });
    expect(err).toContain("503");
  });

  test("one that never was is told as that", async () => {
    await using op = await operator({ revision });
    const { code, err } = await op.run("workspace", "inspect", NOBODY);
    expect(code).toBe(1);
    expect(err).toContain("404");
  });
});
