/** The platform commands as processes: exit codes that scripts rely on, and no secret in sight. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { runAlone, runToEnd } from "../harness/binary.ts";
import { Dev, words } from "../harness/connect.ts";
import { tmpFolder } from "../harness/tmp.ts";

setDefaultTimeout(60_000);

test.each(["r1", "r2"])("health and the audits of a good platform (%s)", async (revision) => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path, { ephemeral: true, port: 0, revision });
  const admin = { "api-url": dev.url, "api-token-file": dev.adminTokenFile };
  const run = (args: string[], flags = {}) =>
    runToEnd([...args, ...words({ ...admin, ...flags })], { home: home.path });
  const own = { workspace: dev.ada.id, "token-file": dev.ada.tokenFile };
  const health = await run(["platform", "health"], own);
  expect(health).toMatchObject({ code: 0, stderr: "" });
  expect(health.stdout.split("\n").slice(1, -1)).toHaveLength(6);
  expect(health.stdout).not.toMatch(/failed|skipped/);

  const audit = await run(["platform", "audit"]);
  expect(audit.code).toBe(0);
  expect(audit.stdout).toContain("3: 3 awaiting_agent");
  expect(audit.stderr).toContain("3 workspaces: 3 warnings");
  const test = await run(["workspace", "audit"], { "fail-on": "warning", output: "json" });
  expect(test.code).toBe(1);
  expect(JSON.parse(test.stdout)).toHaveLength(3);

  const token = readFileSync(dev.adminTokenFile, "utf8").trim();
  for (const { stdout, stderr } of [health, audit, test]) {
    expect(stdout + stderr).not.toContain(token);
    expect(stdout + stderr).not.toContain(dev.ada.token);
  }
});

test("a platform that is not there ends with 4, a refused token with 3", async () => {
  const gone = await runAlone(["platform", "health", "--api-url", "http://127.0.0.1:1"]);
  expect(gone.code).toBe(4);
  expect(gone.stdout).toMatch(/^server +failed /m);
  expect(gone.stderr).toMatch(/^hint: server: /m);

  using home = tmpFolder();
  await using dev = await Dev.start(home.path);
  const refused = await runToEnd(["platform", "health", "--api-url", dev.url], {
    home: home.path,
    env: { MOLECULE_API_TOKEN: "not-the-one" },
  });
  expect(refused.code).toBe(3);
  expect(refused.stdout).toMatch(/^api token +failed /m);
  expect(refused.stdout + refused.stderr).not.toContain("not-the-one");
});
