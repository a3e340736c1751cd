/** The agent commands as processes, with a bridge that answers. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { BINARY } from "../../scripts/set-up.ts";
import { runToEnd } from "../harness/binary.ts";
import { Dev, words } from "../harness/connect.ts";
import { bareEnv, onPosix } from "../harness/platform.ts";
import { TerminalRun } from "../harness/terminal.ts";
import { tmpFolder } from "../harness/tmp.ts";

setDefaultTimeout(60_000);

test("an agent is found, looked at, written to by its name, and given a task", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path);
  await using bridge = dev.connect(home.path);
  await bridge.untilEvent("connected");
  const run = (args: string[], flags = {}) =>
    runToEnd([...args, ...words({ "api-url": dev.url, ...flags })], { home: home.path });
  const admin = { "api-token-file": dev.adminTokenFile };
  const ada = { "token-file": dev.ada.tokenFile };

  const list = await run(["agent", "list"], admin);
  expect(list).toMatchObject({ code: 0, stderr: "" });
  expect(list.stdout).toMatch(new RegExp(`^${dev.agent.id} +${dev.agent.name} +online `, "m"));

  const inspect = await run(["agent", "inspect", dev.agent.id]);
  expect(inspect).toMatchObject({ code: 0, stderr: "" });
  expect(inspect.stdout).toMatch(/^card description +\S/m);

  const peers = await run(["agent", "peers", dev.ada.id, "-o", "json"], ada);
  expect(peers.code).toBe(0);
  expect(JSON.parse(peers.stdout)).toBeArray();

  const asked = await run(["agent", "send", dev.agent.name, "hello"], admin);
  expect(asked).toMatchObject({ code: 0, stdout: "echo: hello\n", stderr: "" });

  const task = ["workspace", "delegate", dev.ada.id, dev.agent.id, "do it", "--wait"];
  const delegated = await run(task, ada);
  expect(delegated).toMatchObject({ code: 0, stdout: "echo: do it\n" });
  expect(delegated.stderr).toContain("handed over");
  const listed = await run(["workspace", "delegations", dev.ada.id], ada);
  expect(listed.stdout).toMatch(/completed +handed over .* do it /);
  await bridge.stop();
});

test("a failure is one line of JSON where data was asked for as JSON", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path);
  const run = await runToEnd(["agent", "list", "-o", "json", "--api-url", dev.url], {
    home: home.path,
  });
  expect(run).toMatchObject({ code: 3, stdout: "" });
  expect(JSON.parse(run.stderr)).toMatchObject({ error: { code: "refused", exit_code: 3 } });
});

onPosix("a pseudo-terminal is of POSIX").test(
  "at a terminal one sees that the answer is waited for, and nothing of it stays",
  async () => {
    using home = tmpFolder();
    await using dev = await Dev.start(home.path);
    const args = ["agent", "send", dev.agent.id, "hello", "--timeout", "3s"];
    const flags = words({ "api-url": dev.url, "api-token-file": dev.adminTokenFile });
    await using run = new TerminalRun([BINARY, ...args, ...flags], {
      cwd: home.path,
      env: bareEnv(home.path),
    });
    await run.untilShows("waiting for the answer");
    expect(await run.ended()).toBe(1);
    expect(run.rows.join("\n")).not.toContain("waiting for the answer");
    expect(run.rows.join("\n")).toContain("no answer within 3 s");
  },
);
