import { describe, expect, test } from "bun:test";
import { Management } from "../../../src/platform/management.ts";
import {
  probeApiToken,
  probeBuild,
  probeClock,
  probeCursor,
  probeServer,
  probeSubsystems,
  probeTenant,
  probeWorkspaceToken,
} from "../../../src/platform/probes.ts";
import { systemClock } from "../../../src/shared/clock.ts";
import { partsFor } from "../../harness/client.ts";
import { lab, NOBODY, type Lab } from "../dev/lab.ts";

/** A port that no server gets. */
const NOBODY_LISTENS = "http://127.0.0.1:1";
const REVISIONS = ["r1", "r2"] as const;

const clientOf = (url: string, token?: string, orgId?: string) =>
  new Management(partsFor(url, { token: () => token, orgId, identity: undefined }));

const at = ({ platform }: Lab, token?: string, orgId?: string) =>
  clientOf(platform.url, token, orgId);

/** A server that answers everything alike. */
function always(answer: () => Response) {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: answer });
  const { href } = server.url;
  return { url: href, client: clientOf(href), [Symbol.dispose]: () => void server.stop(true) };
}

const page = (status: number) => () =>
  new Response("<html><h1>Welcome</h1></html>", {
    status,
    headers: { "content-type": "text/html" },
  });

describe("the server", () => {
  test("answers, with the time that it took and its build", async () => {
    await using platform = await lab();
    const probe = await probeServer(at(platform), systemClock);
    expect(probe).toMatchObject({ ok: true });
    expect(probe.ms).toBeGreaterThan(0);
    expect(await probeBuild(at(platform))).toEqual({ ok: true, detail: "dev" });
  });

  test("that is not there ends with 4", async () => {
    const probe = await probeServer(clientOf(NOBODY_LISTENS), systemClock);
    expect(probe.ok).toBe(false);
    expect(probe.failure?.exitCode).toBe(4);
    expect(probe.detail).toContain("nothing listens");
  });

  test("that fails ends with 4 as well: it may come back", async () => {
    using failing = always(() => Response.json({ error: "down" }, { status: 503 }));
    expect((await probeServer(failing.client, systemClock)).failure?.exitCode).toBe(4);
  });

  test.each([200, 404])("that shows a web page (%d) is the wrong address", async (status) => {
    using web = always(page(status));
    const probe = await probeServer(web.client, systemClock);
    expect(probe.failure?.exitCode).toBe(2);
    expect(probe.hint).toContain("--api-url");
  });

  test("that answers in JSON of another kind is the wrong address", async () => {
    using other = always(() => Response.json({ hello: "world" }));
    expect((await probeServer(other.client, systemClock)).failure?.exitCode).toBe(2);
  });

  test("that tells no build is none the worse", async () => {
    using old = always(() => Response.json({ error: "not found" }, { status: 404 }));
    expect(await probeBuild(old.client)).toEqual({ ok: true, detail: "not told" });
  });
});

describe("the tenant's headers", () => {
  test.each(REVISIONS)("are asked for by a hosted platform (%s)", async (revision) => {
    await using platform = await lab({ revision, tenantOrg: "org-1" });
    expect((await probeServer(at(platform), systemClock)).ok).toBe(true);
    for (const org of [undefined, "org-2"]) {
      const probe = await probeTenant(at(platform, undefined, org));
      expect(probe.ok).toBe(false);
      expect(probe.failure).toMatchObject({ verdict: "misaddressed", exitCode: 2 });
      expect(probe.hint).toContain("--org-id");
    }
    expect(await probeTenant(at(platform, undefined, "org-1"))).toMatchObject({ ok: true });
  });

  test.each(REVISIONS)("are not asked for by one's own platform (%s)", async (revision) => {
    await using platform = await lab({ revision });
    expect(await probeTenant(at(platform))).toMatchObject({ ok: true });
  });

  test.each([200, 404])("have nothing to do with a web page (%d)", async (status) => {
    using web = always(page(status));
    const probe = await probeTenant(web.client);
    expect(probe).toMatchObject({ ok: false });
    expect(probe.failure?.exitCode).toBe(2);
    expect(probe.hint).toContain("web page");
  });

  test("have nothing to do with a server that knows a workspace which nobody has", async () => {
    using other = always(() => Response.json({ id: NOBODY }));
    expect((await probeTenant(other.client)).failure?.exitCode).toBe(2);
  });
});

describe.each(REVISIONS)("tokens (%s)", (revision) => {
  test("of an administrator are accepted, and others refused", async () => {
    await using platform = await lab({ revision });
    await platform.member("one");
    expect(await probeApiToken(at(platform, platform.admin))).toEqual({
      ok: true,
      detail: "accepted; 1 workspace",
    });
    expect((await probeApiToken(at(platform, "wrong"))).failure?.exitCode).toBe(3);
  });

  test("of a workspace are told from those of another, of one removed, and of none", async () => {
    await using platform = await lab({ revision });
    const one = await platform.member("one");
    const two = await platform.member("two");
    const own = await probeWorkspaceToken(at(platform, one.token), one.id);
    expect(own).toMatchObject({ ok: true, detail: "accepted; the workspace is awaiting_agent" });

    const foreign = await probeWorkspaceToken(at(platform, two.token), one.id);
    expect(foreign.detail).toContain("not one of its live ones");
    expect(foreign.failure?.exitCode).toBe(3);

    const none = await probeWorkspaceToken(at(platform, one.token), NOBODY);
    expect(none.detail).toContain("no workspace of this id");
    expect(none.failure?.exitCode).toBe(1);

    await platform.remove(one, "one");
    const removed = await probeWorkspaceToken(at(platform, one.token), one.id);
    expect(removed.detail).toBe("the workspace was removed");
    expect(removed.failure?.exitCode).toBe(5);
  });

  test("of a workspace let its feed be read from a cursor", async () => {
    await using platform = await lab({ revision });
    const one = await platform.member("one");
    expect(await probeCursor(at(platform, one.token), one.id)).toMatchObject({ ok: true });
    const refused = await probeCursor(at(platform, "wrong"), one.id);
    expect(refused.failure?.exitCode).toBe(3);
  });

  test("of an administrator show the subsystems", async () => {
    await using platform = await lab({ revision });
    const probe = await probeSubsystems(at(platform, platform.admin));
    expect(probe.detail).toMatch(/^\S+ (never|.* ago)/);
    expect((await probeSubsystems(at(platform))).failure?.exitCode).toBe(3);
  });
});

test("a platform from before cursors is told by its ignoring them", async () => {
  using old = always(() => Response.json([{ id: "a" }]));
  const probe = await probeCursor(old.client, NOBODY);
  expect(probe).toMatchObject({ ok: false });
  expect(probe.detail).toContain("since_id");
});

describe("the clock", () => {
  const off = (ms: number) =>
    always(() => {
      const date = new Date(Date.now() + ms).toUTCString();
      return Response.json({ status: "ok" }, { headers: { date } });
    });

  test("may differ a little", async () => {
    using server = off(0);
    expect(await probeClock(server.client, systemClock)).toMatchObject({
      ok: true,
      detail: "the same as the platform's",
    });
  });

  test.each([
    [60_000, true, "behind"],
    [-60_000, true, "ahead of"],
    [3_600_000, false, "behind"],
  ])("is told to be off by %d ms", async (ms, ok, word) => {
    using server = off(ms);
    const probe = await probeClock(server.client, systemClock);
    expect(probe.ok).toBe(ok);
    expect(probe.detail).toContain(word);
    // To the second of a Date, on a machine that may be busy.
    expect(Math.abs((probe.ms ?? 0) - ms)).toBeLessThan(20_000);
  });
});
