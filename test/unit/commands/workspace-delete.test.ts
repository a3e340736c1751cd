import { describe, expect, test } from "bun:test";
import { runHere } from "../../harness/command.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { NOBODY } from "../dev/lab.ts";
import { operator, REVISIONS } from "./operator.ts";

describe.each(REVISIONS)("workspace delete on %s", (revision) => {
  test("removes it, and the token that was kept of it", async () => {
    await using op = await operator({ revision });
    const { id } = await op.json("workspace", "create", "Prüfer & Söhne".replace("&", "und"));
    const kept = await op.json("workspace", "create", "other");
    const { code, out } = await op.run("workspace", "delete", id, "--yes");
    expect(code).toBe(0);
    expect(out).toBe(`deleted Prüfer und Söhne (${id})\n`);
    expect((await op.lab.show({ id })).status).toBe("removed");
    expect(Object.keys(op.kept())).toEqual([`${kept.id}.token`]);
  });

  test("-o json is the platform's own answer, with what it was about", async () => {
    await using op = await operator({ revision });
    const { id } = await op.lab.member("reader");
    expect(await op.json("workspace", "delete", id, "--yes")).toEqual({
      id,
      name: "reader",
      status: "removed",
      cascade_deleted: 0,
    });
  });

  test("where there are others below it, they are named and --cascade is needed", async () => {
    await using op = await operator({ revision });
    const lead = await op.lab.member("lead");
    const reader = await op.lab.member("reader", { parent_id: lead.id });
    const helper = await op.lab.member("helper", { parent_id: reader.id });
    const refused = await op.run("workspace", "delete", "lead", "--yes");
    expect(refused.code).toBe(2);
    expect(refused.err).toContain(`reader (${reader.id}), helper (${helper.id})`);
    expect((await op.lab.show(lead)).status).not.toBe("removed");
    const done = await op.run("workspace", "delete", "lead", "--yes", "--cascade");
    expect(done).toMatchObject({ code: 0 });
    expect(done.out).toContain("and 2 workspaces below it");
    expect((await op.lab.show(helper)).status).toBe("removed");
  });

  test("one that was removed before, or never was, is no success", async () => {
    await using op = await operator({ revision });
    const { id } = await op.lab.member("reader");
    await op.lab.remove({ id }, "reader");
    const again = await op.run("workspace", "delete", id, "--yes");
    expect(again).toMatchObject({ code: 5, out: "" });
    expect(again.err).toContain("was removed at");
    expect(await op.run("workspace", "delete", NOBODY, "--yes")).toMatchObject({
      code: 1,
      out: "",
    });
  });

  test("--purge leaves nothing, also of one that was removed before", async () => {
    await using op = await operator({ revision });
    const { id } = await op.lab.member("reader");
    await op.lab.remove({ id }, "reader");
    expect(await op.json("workspace", "delete", id, "--purge", "--yes")).toMatchObject({
      status: "purged",
    });
    const path = `/workspaces/${id}?include_removed=true`;
    expect((await op.lab.get(path)).status).toBe(404);
  });
});

describe("a platform that lies", () => {
  const ASKED = "11111111-1111-4111-8111-111111111111";
  const OTHER = "22222222-2222-4222-8222-222222222222";

  /** Answers with these rows, and keeps what it was asked to delete. */
  function liar(row: object, list: object[] = []) {
    const deleted: string[] = [];
    const server = Bun.serve({
      port: 0,
      fetch(request) {
        const { pathname } = new URL(request.url);
        if (request.method === "DELETE") deleted.push(pathname);
        if (request.method === "DELETE") return Response.json({ status: "removed" });
        return Response.json(pathname === "/workspaces" ? list : row);
      },
    });
    return { deleted, url: server.url.href, [Symbol.asyncDispose]: () => server.stop(true) };
  }

  const remove = (home: string, url: string, ...more: string[]) =>
    runHere(["workspace", "delete", ASKED, "--yes", "--api-url", url, ...more], {
      HOME: home,
      USERPROFILE: home,
      MOLECULE_API_TOKEN: "admin-token-0123456789",
    });

  test("in the place of another workspace has nothing deleted", async () => {
    using folder = tmpFolder();
    await using platform = liar({ id: OTHER, name: "ada" });
    const { code, err } = await remove(folder.path, platform.url);
    expect(err).toContain(`asked for ${ASKED}, the platform answered about ${OTHER}`);
    expect(code).not.toBe(0);
    expect(platform.deleted).toEqual([]);
  });

  test("and leaves the id out: what was asked for is deleted", async () => {
    using folder = tmpFolder();
    await using platform = liar({ name: "ada" });
    expect(await remove(folder.path, platform.url)).toMatchObject({ code: 0 });
    expect(platform.deleted).toEqual([`/workspaces/${ASKED}`]);
  });

  test("of what is below it can't make a deletion that is done fail", async () => {
    using folder = tmpFolder();
    const child = { id: "../../x", name: "x", parent_id: ASKED };
    await using platform = liar({ id: ASKED, name: "ada" }, [child, { parent_id: ASKED }]);
    const done = await remove(folder.path, platform.url, "--cascade");
    expect(done).toMatchObject({ code: 0 });
    expect(done.out).toContain(`deleted ada (${ASKED})`);
    expect(done.err).not.toContain("can't be removed");
  });
});
