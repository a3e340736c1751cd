/** `molecule dev send` and `dev fault` as processes, with a real bridge between. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { Run, runToEnd, type Ended } from "../harness/binary.ts";
import { Dev } from "../harness/connect.ts";
import { onPosix } from "../harness/platform.ts";
import { tmpFolder } from "../harness/tmp.ts";

setDefaultTimeout(120_000);

const signalled = onPosix("Windows has no signals").test;

/** One of the group's commands, as its user has it in another terminal. */
function run(dev: Dev, ...words: string[]): Promise<Run & Ended> {
  return runToEnd(["dev", ...words, ...where(dev)], { home: dev.home });
}

const where = ({ url, adminTokenFile }: Dev) => [
  `--api-url=${url}`,
  `--api-token-file=${adminTokenFile}`,
];

/** Ids of the live tokens of a workspace. */
async function tokens(dev: Dev, { id, token }: { id: string; token: string }): Promise<string[]> {
  const response = await fetch(`${dev.url}/workspaces/${id}/tokens`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return ((await response.json()) as any).tokens.map((one: { id: string }) => one.id);
}

test("while the platform refuses every third request a bridge answers every message once", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path);
  await using bridge = dev.connect(home.path);
  await bridge.untilEvent("connected");
  const set = await run(dev, "fault", "429", "--rate", "0.3", "--for", "5s", "--seed", "7");
  expect(set).toMatchObject({ code: 0, stderr: "" });
  const sent = await run(dev, "send", "--n", "50", "-o", "json");
  expect(sent.code).toBe(0);
  const report = JSON.parse(sent.stdout);
  expect(report).toMatchObject({
    messages: 50,
    sent: 50,
    answered: 50,
    failed: 0,
    doubled: 0,
    unanswered: 0,
    out_of_order: 0,
  });
  expect(report.refused["429"]).toBeGreaterThan(0);
  const listed = await run(dev, "fault", "list", "-o", "json");
  const [fault] = JSON.parse(listed.stdout);
  expect(fault.struck).toBeGreaterThan(report.refused["429"]);
  expect(bridge.of("answered")).toHaveLength(50);
  await bridge.stop();
});

signalled("Ctrl-C ends a load with what there is to tell, and leaves no token behind", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path, { ephemeral: true, port: 0, verbose: true });
  const before = await Promise.all(dev.workspaces.map((one) => tokens(dev, one)));
  const words = ["dev", "send", "--n=100000", "--rate=50", "-o=json", ...where(dev)];
  await using load = new Run(words, { home: home.path });
  // Once it sends, its tokens are made.
  await dev.run.until(() => dev.run.stderr.includes("/a2a 200"), "a message");
  expect(await tokens(dev, dev.ada)).toHaveLength((before[1]?.length ?? 0) + 1);
  load.signal("SIGINT");
  await load.endsWith(130);
  const report = JSON.parse(load.stdout);
  expect(report).toMatchObject({ messages: 100_000, answered: 0 });
  expect(report.sent).toBeGreaterThan(0);
  expect(await Promise.all(dev.workspaces.map((one) => tokens(dev, one)))).toEqual(before);
});

test("without a token it takes the one that the platform has left at its usual place", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path, { port: 0 });
  const done = await runToEnd(["dev", "fault", "list", `--api-url=${dev.url}`], {
    home: home.path,
  });
  expect(done).toMatchObject({ code: 0, stdout: "", stderr: "no faults are set\n" });
  using stranger = tmpFolder();
  const refused = await runToEnd(["dev", "fault", "list", `--api-url=${dev.url}`], {
    home: stranger.path,
  });
  expect(refused.code).toBe(3);
  expect(refused.stderr).toContain("wants its admin token, and there is none");
});

test("a tenant's platform takes who names its organisation, and only them", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path, { ephemeral: true, port: 0, "tenant-org": "acme" });
  const state = join(home.path, "state");
  await using bridge = dev.connect(home.path, { flags: { "org-id": "acme", "state-dir": state } });
  await bridge.untilEvent("connected");
  expect(await run(dev, "send", "--n=6", "--org-id=acme")).toMatchObject({ code: 0 });
  const stranger = await run(dev, "send", "--n=6");
  expect(stranger.code).toBe(2);
  expect(stranger.stderr).toContain("--org-id");
  await bridge.stop();
});
