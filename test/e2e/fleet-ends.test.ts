/** Several workspaces in one process: how they end, and how they come back. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runToEnd } from "../harness/binary.ts";
import { Dev, type DevWorkspace, words } from "../harness/connect.ts";
import { ask, configure, entryOf, execOf, fleet, told, until } from "../harness/fleet.ts";
import { onPosix } from "../harness/platform.ts";
import { lookUntil } from "../harness/wait.ts";
import { tmpFolder } from "../harness/tmp.ts";

const posix = onPosix("its command is for sh, or a signal").test;

setDefaultTimeout(90_000);

posix("one whose token is wrong ends for good, and the other goes on", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path);
  const { agent, ada } = dev;
  configure(home.path, dev.url, [entryOf(agent, { token_file: ada.tokenFile }), entryOf(ada)]);
  await using run = fleet(home.path);
  await Promise.all([until(run, "failed", agent), until(run, "connected", ada)]);
  expect(await ask(dev, ada, "still there?")).toBe("echo: still there?");
  expect(told(run, "failed", agent)).toMatchObject([{ exit_code: 3, level: "error" }]);
  expect(told(run, "failed", agent)[0]?.msg).toContain("this workspace is not answered any more");
  run.signal("SIGTERM");
  await run.endsWith(3);
});

posix("one whose variable has no token ends for good, and status says so of it alone", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path);
  const { agent, ada } = dev;
  const { token_file: _, ...entry } = entryOf(agent, { token_env: "NO_TOKEN_HERE" });
  configure(home.path, dev.url, [entry, entryOf(ada, { agent_name: "Hedy" })]);
  await using run = fleet(home.path);
  await Promise.all([until(run, "failed", agent), until(run, "connected", ada)]);
  expect(told(run, "failed", agent)).toMatchObject([{ exit_code: 2 }]);
  const look = async (...more: string[]) => {
    const { stdout } = await runToEnd(["status", ...more], { home: home.path });
    return stdout;
  };
  await lookUntil(async () => /^state +connected$/m.test(await look("Hedy")));
  await lookUntil(async () =>
    new RegExp(`^${agent.id} .*token_env names is not set, not tried again$`, "m").test(
      await look(),
    ),
  );
  run.signal("SIGTERM");
  await run.endsWith(2);
});

test("when all have ended for good, so does the process", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path);
  const { agent, ada } = dev;
  const wrong = (one: DevWorkspace, other: DevWorkspace) =>
    entryOf(one, { token_file: other.tokenFile });
  configure(home.path, dev.url, [wrong(agent, ada), wrong(ada, agent)]);
  await using run = fleet(home.path);
  await run.endsWith(3);
  expect(run.of("failed")).toHaveLength(2);
  expect(run.stderr).toContain("no workspace is left to answer");
});

posix("one that can't reach the platform at first is tried again until it can", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path);
  const { agent, ada } = dev;
  const admin = { "api-url": dev.url, "api-token-file": dev.adminTokenFile };
  const fault = (...args: string[]) =>
    runToEnd(["dev", "fault", ...args, ...words(admin)], { home: home.path });
  expect((await fault("503", "--path=/registry/register", "--for=5m")).code).toBe(0);
  // The other one goes on trying by itself.
  configure(home.path, dev.url, [entryOf(agent, { max_offline: "1s" }), entryOf(ada)]);
  await using run = fleet(home.path);
  await until(run, "failed", agent);
  const [failed] = told(run, "failed", agent);
  expect(failed).toMatchObject({ exit_code: 4 });
  expect(failed?.["in_ms"]).toBeLessThanOrEqual(5_000);
  expect((await fault("clear")).code).toBe(0);
  await Promise.all([until(run, "connected", agent), until(run, "connected", ada)]);
  expect(await ask(dev, agent, "are you back?")).toBe("echo: are you back?");
  await run.stop();
});

posix("a process that is killed and started again loses nothing of any workspace", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path);
  const { agent, ada } = dev;
  const gate = join(home.path, "open");
  const cmd = `until [ -e '${gate}' ]; do sleep 0.05; done; cat`;
  configure(home.path, dev.url, [entryOf(agent, execOf(cmd)), entryOf(ada, execOf(cmd))]);
  {
    await using first = fleet(home.path);
    await Promise.all([until(first, "connected", agent), until(first, "connected", ada)]);
    for (const one of [agent, ada]) {
      for (const n of [1, 2, 3]) await ask(dev, one, `message ${n}`, false);
    }
    await Promise.all([until(first, "taken", agent), until(first, "taken", ada)]);
    first.signal("SIGKILL");
    await first.end();
  }
  writeFileSync(gate, "");
  await using second = fleet(home.path);
  await Promise.all([until(second, "answered", agent, 3), until(second, "answered", ada, 3)]);
  for (const one of [agent, ada]) {
    expect(told(second, "recovered", one)).toHaveLength(1);
    expect(told(second, "run-failed", one)).toEqual([]);
  }
  await second.stop();
});

posix(
  "another process for one of them keeps that one alone from starting, until it ends",
  async () => {
    using home = tmpFolder();
    await using dev = await Dev.start(home.path);
    const { agent, ada } = dev;
    configure(home.path, dev.url, [entryOf(agent), entryOf(ada)]);
    await using other = fleet(home.path, {}, [agent.id]);
    await until(other, "connected", agent);
    await using run = fleet(home.path);
    await Promise.all([until(run, "failed", agent), until(run, "connected", ada)]);
    const [failed] = told(run, "failed", agent);
    expect(failed?.msg).toContain(`another bridge holds this workspace: process ${other.pid}`);
    expect(failed).toMatchObject({ exit_code: 1 });
    expect(await ask(dev, ada, "hello")).toBe("echo: hello");
    await other.stop();
    await until(run, "connected", agent);
    expect(await ask(dev, agent, "hello")).toBe("echo: hello");
    await run.stop();
  },
);

posix("a second signal stops all at once", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path);
  const { agent, ada } = dev;
  const slow = execOf("sleep 1000");
  configure(home.path, dev.url, [entryOf(agent, slow), entryOf(ada, slow)]);
  await using run = fleet(home.path);
  await Promise.all([until(run, "connected", agent), until(run, "connected", ada)]);
  for (const one of [agent, ada]) await ask(dev, one, "hello", false);
  await run.untilChildren(2);
  run.signal("SIGTERM");
  await Promise.all([until(run, "draining", agent), until(run, "draining", ada)]);
  run.signal("SIGINT");
  await run.endsWith(130);
  await run.untilChildless();
});
