import { describe, expect, test } from "bun:test";
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

  test("-o json is the platform's own answer", async () => {
    await using op = await operator({ revision });
    const { id } = await op.lab.member("reader");
    expect(await op.json("workspace", "delete", id, "--yes")).toEqual({
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
