import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { runAlone, runToEnd } from "../harness/binary.ts";
import { ScriptedPlatform, TOKEN, WORKSPACE } from "../harness/scripted-platform.ts";
import { tmpFolder } from "../harness/tmp.ts";

setDefaultTimeout(60_000);

describe("a dry run", () => {
  const args = ["connect", WORKSPACE, "--backend", "mock", "--dry-run"];

  test("reports what it found, in the form that was asked for, and changes nothing", async () => {
    using home = tmpFolder();
    await using platform = new ScriptedPlatform();
    const setup = {
      home: home.path,
      env: { MOLECULE_WORKSPACE_TOKEN: TOKEN, MOLECULE_API_URL: platform.url },
    };
    const json = await runToEnd([...args, "-o", "json"], setup);
    expect(json).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(json.stdout)).toMatchObject({ workspace_id: WORKSPACE, status: "online" });
    const yaml = await runToEnd([...args, "-o", "yaml"], setup);
    expect(Bun.YAML.parse(yaml.stdout)).toEqual(JSON.parse(json.stdout));
    const table = await runToEnd(args, setup);
    expect(table.stdout).toMatch(/^status +online$/m);
    expect(platform.seen.map(({ method }) => method)).toEqual(["GET", "GET", "GET"]);
    expect([...new Bun.Glob("**").scanSync({ cwd: home.path, dot: true })]).toEqual([]);
  });

  test("finds a missing program, a wrong token and a platform that is not there", async () => {
    await using platform = new ScriptedPlatform();
    const env = { MOLECULE_WORKSPACE_TOKEN: TOKEN, MOLECULE_API_URL: platform.url };
    const claude = ["connect", WORKSPACE, "--dry-run", "--backend-opt", "bin=no-such-claude"];
    const missing = await runAlone(claude, env);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain("no-such-claude");
    platform.on("state", () => Response.json({ error: "no" }, { status: 401 }));
    expect((await runAlone(args, env)).code).toBe(3);
    platform.on("state", () => new Response("", { status: 503 }));
    expect((await runAlone(args, env)).code).toBe(4);
  });
});
