import { expect, setDefaultTimeout, test } from "bun:test";
import { connect, Dev, stateOf } from "../harness/connect.ts";
import { Gate } from "../harness/gate.ts";
import { PEER, row, ScriptedPlatform } from "../harness/scripted-platform.ts";
import { program } from "../harness/program.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { onPosix } from "../harness/platform.ts";

const inShell = onPosix("its command is for sh").test;

setDefaultTimeout(60_000);

const SHOUT = "console.log((await Bun.stdin.text()).toUpperCase());";
const HEARD = "console.log(await Bun.stdin.text(), 'was heard');";

test("a peer's message goes through the command, its answer comes back, and the cursor is saved", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path);
  await using bridge = dev.connect(home.path, { cmd: program(home.path, SHOUT) });
  await bridge.untilEvent("connected");
  const asked = await dev.send("how are you", dev.ada);
  expect(asked).toMatchObject({ code: 0, stdout: "HOW ARE YOU\n", stderr: "" });
  await bridge.stop();
  const [taken] = bridge.of("taken");
  expect(taken?.from).toBe(dev.ada.id);
  expect(stateOf(home.path, dev.agent.id)).toMatchObject({
    workspace_id: dev.agent.id,
    last_since_id: taken?.activity_id,
  });
  expect(bridge.stdout).toBe("");
});

test("a message of the canvas is answered once by a notice, and the notice is not answered", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path);
  await using bridge = dev.connect(home.path, {
    cmd: program(home.path, HEARD),
    flags: { verbose: true },
  });
  await bridge.untilEvent("connected");
  const asked = await dev.send("anyone there?");
  expect(asked).toMatchObject({ code: 0, stdout: "anyone there? was heard\n" });
  // The platform shows us our own notice: it is passed over.
  const skipped = await bridge.untilEvent("skipped");
  const rows = await dev.feed();
  expect(rows.map(({ method, source_id }) => [method, source_id])).toEqual([
    ["message/send", null],
    ["notify", null],
  ]);
  expect(skipped).toMatchObject({
    activity_id: rows[1].id,
    reason: "our own notice to the canvas",
    level: "debug",
  });
  await bridge.stop();
  expect(bridge.of("taken")).toHaveLength(1);
  expect(bridge.of("answered")).toHaveLength(1);
  expect(await dev.feed()).toHaveLength(2);
});

test("messages are answered in their order, each by the id that it came with", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  platform.rows = [1, 2, 3].map((n) => row(n));
  await using bridge = connect(platform.url, home.path, { flags: { once: true } });
  await bridge.endsWith(0);
  const posted = platform.calls("a2a").map(({ path, body }) => {
    const { role, parts, metadata } = body.params.message;
    return [path, role, parts[0].text, metadata.molecule_reply.to];
  });
  expect(posted).toEqual(
    [1, 2, 3].map((n) => [`/workspaces/${PEER}/a2a`, "agent", `echo: text ${n}`, `msg-${n}`]),
  );
});

inShell("the workspace is online and at work while the command runs", async () => {
  using home = tmpFolder();
  using gate = new Gate(home.path);
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1)];
  await using bridge = connect(platform.url, home.path, {
    cmd: `echo started >&2; ${gate.wait}; echo done`,
    flags: { "heartbeat-ms": 20 },
  });
  await bridge.untilBackendSays("started");
  await platform.untilCalled("heartbeat", platform.calls("heartbeat").length + 10);
  const { body } = platform.calls("heartbeat").at(-1) ?? {};
  expect(body).toMatchObject({ active_tasks: 1, current_task: "answering peer", error_rate: 0 });
  expect(platform.calls("a2a")).toHaveLength(0);
  gate.open();
  await platform.untilCalled("a2a");
  await bridge.stop();
});
