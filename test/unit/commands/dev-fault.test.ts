/** `molecule dev fault`, and which platforms `dev fault` and `dev send` act on. */
import { describe, expect, test } from "bun:test";
import { fault } from "../../../src/commands/dev/fault.ts";
import { NAMED_KINDS } from "../../../src/dev/fault-kinds.ts";
import { jsonHere, runHere } from "../../harness/command.ts";
import { Stage } from "./dev-stage.ts";

const faultOf = (stage: Stage, ...words: string[]) =>
  jsonHere(["dev", "fault", ...words], stage.env);

describe("a fault", () => {
  test("is set as it is told, and says when it ends", async () => {
    await using stage = await Stage.set();
    const words = ["dev", "fault", "429", "--rate", "0.3", "--for", "30s", "--seed", "7"];
    const { code, out, err } = await runHere(words, stage.env);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/^kind +429$/m);
    expect(out).toMatch(/^ends in +\d+(\.\d)? s$/m);
    expect(out).toMatch(/^ends at +\d\d:\d\d:\d\d$/m);
    const { data } = await faultOf(stage, "list");
    expect(data).toMatchObject([
      { kind: "429", rate: 0.3, for_ms: 30_000, seed: 7, path: "", delay_ms: 0, retry_after: 1 },
    ]);
  });

  test("strikes, and the list tells how often", async () => {
    await using stage = await Stage.set();
    await faultOf(stage, "503", "--path=/health", "--retry-after=1500ms");
    const { status, headers } = await fetch(`${stage.platform.url}/health`);
    expect([status, headers.get("retry-after")]).toEqual([503, "2"]);
    await fetch(`${stage.platform.url}/buildinfo`);
    const { out } = await runHere(["dev", "fault", "list"], stage.env);
    expect(out).toMatch(/^ID +KIND .* SEEN +STRUCK +ENDS IN$/m);
    expect(out).toMatch(/ 503 +1 +\/health +- .* 1 +1 /);
  });

  test("of the kind delay has one of its own, or the one that it is given", async () => {
    await using stage = await Stage.set();
    expect((await faultOf(stage, "delay")).data).toMatchObject({ delay_ms: 2_000 });
    expect((await faultOf(stage, "delay", "--delay=5ms")).data).toMatchObject({ delay_ms: 5 });
  });

  test("is ended by the beginning of its id, or with all others", async () => {
    await using stage = await Stage.set();
    const { data } = await faultOf(stage, "500");
    await faultOf(stage, "502");
    await faultOf(stage, "504");
    expect((await faultOf(stage, "clear", data.id.slice(0, 8).toUpperCase())).data).toEqual({
      removed: 1,
    });
    const kinds = (await faultOf(stage, "list")).data.map(({ kind }: { kind: string }) => kind);
    expect(kinds).toEqual(["502", "504"]);
    expect((await faultOf(stage, "clear", "zz")).code).toBe(1);
    expect((await faultOf(stage, "clear")).data).toEqual({ removed: 2 });
    const empty = await runHere(["dev", "fault", "list"], stage.env);
    expect(empty).toEqual({ code: 0, out: "", err: "no faults are set\n" });
  });

  test("can be of every kind that the platform has, and help tells of each", async () => {
    await using stage = await Stage.set();
    for (const kind of [...NAMED_KINDS, "400", "599"]) {
      expect((await faultOf(stage, kind, "--path=/nowhere")).data).toMatchObject({ kind });
    }
    for (const kind of NAMED_KINDS) expect(fault.details).toMatch(new RegExp(`^  ${kind} `, "m"));
    const offered = fault.positionals[0]?.complete as { value: string }[];
    expect(offered.map(({ value }) => value)).toEqual(expect.arrayContaining([...NAMED_KINDS]));
  });

  test.each([
    [["428.5"], '"428.5" is no kind of fault'],
    [["399"], '"399" is no kind of fault'],
    [["lots"], '"lots" is no kind of fault'],
    [["list", "--rate=0.5"], "--rate goes with a fault that is set, not with list"],
    [["clear", "--seed=7"], "--seed goes with a fault that is set, not with clear"],
    [["503", "123"], 'unexpected argument "123"'],
    [["503", "--delay=1s"], "--delay goes with the kind delay, not with 503"],
    [["list", "--retry-after=1s"], "--retry-after goes with a status such as 429, not with list"],
    [["cut", "--retry-after=1s"], "--retry-after goes with a status such as 429, not with cut"],
    [["429", "--rate=1.5"], '--rate must be a number from 0 to 1, such as 0.3, not "1.5"'],
    [["429", "--for=2h"], '--for must be at most 1h, not "2h"'],
  ])("that can't be meant is refused before any I/O: %j", async (words, message) => {
    const { code, err } = await jsonHere(["dev", "fault", ...words], {
      MOLECULE_API_URL: "http://127.0.0.1:1",
    });
    expect([code, JSON.parse(err).error.message]).toEqual([2, message]);
  });
});

describe.each([[["fault", "500"]], [["send", "--n=1", "--no-wait"]]])(
  "molecule dev %j",
  (words) => {
    const run = (env: Record<string, string>) => jsonHere(["dev", ...words], env);
    const failed = async (env: Record<string, string>) => {
      const { code, err, data } = await run(env);
      expect(data).toBeUndefined();
      return { code, ...JSON.parse(err).error };
    };

    test("does nothing to a platform that is not on this machine", async () => {
      for (const url of [
        "https://tenant.example.com",
        "http://10.0.0.1:8080",
        "http://localhost.example",
      ]) {
        const error = await failed({ MOLECULE_API_URL: url, MOLECULE_API_TOKEN_FILE: "/nowhere" });
        expect(error).toMatchObject({ code: "usage", exit_code: 2 });
        expect(error.message).toContain(`${new URL(url).host} is not this machine`);
      }
    });

    test("does nothing to what is no platform of molecule dev", async () => {
      const answers = [
        () => new Response("404 page not found", { status: 404 }),
        () => Response.json({ error: "not found" }, { status: 404 }),
        () => Response.json([]),
        () => Response.json({ status: "ok" }),
        () => new Response("<html></html>", { headers: { "content-type": "text/html" } }),
        () => Response.json({ error: "oops" }, { status: 500 }),
        () => new Response(null, { status: 404 }),
      ];
      for (const answer of answers) {
        const asked: string[] = [];
        await using server = Bun.serve({
          hostname: "127.0.0.1",
          port: 0,
          fetch(request) {
            asked.push(`${request.method} ${new URL(request.url).pathname}`);
            return answer();
          },
        });
        const url = `http://127.0.0.1:${server.port}`;
        const error = await failed({
          MOLECULE_API_URL: url,
          MOLECULE_API_TOKEN: "a-token-of-another",
        });
        expect(error.message).toBe(
          `what answers at 127.0.0.1:${server.port} is no platform of 'molecule dev'`,
        );
        expect(error.exit_code).toBe(1);
        expect(new Set(asked)).toEqual(new Set(["GET /dev/faults"]));
      }
    });

    test("says which token it wants, and where it lies", async () => {
      await using stage = await Stage.set();
      const error = await failed({ ...stage.env, MOLECULE_API_TOKEN: "not-the-admin-token" });
      expect(error).toMatchObject({ code: "refused", exit_code: 3 });
      expect(error.message).toContain(
        "wants its admin token, and the one from MOLECULE_API_TOKEN is not it",
      );
      expect(error.hint).toContain("--api-token-file");
    });

    test("says that nothing is there", async () => {
      const error = await failed({
        MOLECULE_API_URL: "http://127.0.0.1:1",
        MOLECULE_API_TOKEN: "token-1",
      });
      expect(error).toMatchObject({ code: "unreachable", exit_code: 4 });
      expect(error.hint).toContain("molecule dev");
    });

    test("names the organisation of a tenant, and says so where it is missing", async () => {
      await using stage = await Stage.set({ tenantOrg: "acme" });
      const error = await failed(stage.env);
      expect(error.exit_code).toBe(2);
      expect(error.hint).toContain("--org-id");
      const { err } = await run({ ...stage.env, MOLECULE_ORG_ID: "acme" });
      expect(err).not.toContain("TENANT");
      expect(err).not.toContain("no platform of");
    });
  },
);
