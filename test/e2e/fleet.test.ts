/** Several workspaces in one process: what each is answered with, and what is told of it. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { runToEnd } from "../harness/binary.ts";
import { Dev, type DevWorkspace } from "../harness/connect.ts";
import {
  ask,
  configure,
  type Entry,
  entryOf,
  execOf,
  fleet,
  told,
  until,
} from "../harness/fleet.ts";
import { onPosix } from "../harness/platform.ts";
import { tmpFolder } from "../harness/tmp.ts";

const posix = onPosix("its command is for sh, or a signal").test;

setDefaultTimeout(90_000);

posix("two workspaces are answered by two backends, and a signal ends both well", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path);
  const { agent, ada } = dev;
  configure(home.path, dev.url, [entryOf(agent), entryOf(ada, execOf("wc -w"))]);
  await using run = fleet(home.path, { verbose: true });
  await Promise.all([until(run, "connected", agent), until(run, "connected", ada)]);
  expect(await ask(dev, agent, "one two three")).toBe("echo: one two three");
  expect(await ask(dev, ada, "one two three")).toBe("3");
  await run.stop();
  for (const one of [agent, ada]) expect(told(run, "stopped", one)).toMatchObject([{ settled: 1 }]);
  // Every line says of which workspace it is.
  const lines = run.stderr.trimEnd().split("\n");
  for (const line of lines) {
    expect([agent.id, ada.id]).toContain(JSON.parse(line).workspace_id);
  }
});

posix("in text each line begins with the name, and without a list ids will do", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path);
  const { agent, ada } = dev;
  configure(home.path, dev.url, [entryOf(agent, { agent_name: "Hedy" }), entryOf(ada)]);
  await using run = fleet(home.path, { "log-format": "text" }, [ada.id, agent.id]);
  const short = ada.id.slice(0, 8);
  await run.until(
    () => ["Hedy", short].every((name) => run.stderr.includes(` ${name}: connected, `)),
    "both connected",
  );
  await run.stop();
  for (const line of run.stderr.trimEnd().split("\n")) {
    expect(line).toMatch(new RegExp(`^\\d\\d:\\d\\d:\\d\\d  (Hedy|${short}): `));
  }
});

test("one workspace alone: each line has its id in JSON, and its error ends the process", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path);
  const { agent, ada } = dev;
  // The token of another one.
  configure(home.path, dev.url, [entryOf(agent, { token_file: ada.tokenFile })]);
  await using run = fleet(home.path);
  await run.endsWith(3);
  const lines = run.stderr.trimEnd().split("\n");
  expect(lines.length).toBeGreaterThan(1);
  for (const line of lines) expect(JSON.parse(line).workspace_id).toBe(agent.id);
  expect(run.of("failed")).toMatchObject([{ exit_code: 3 }]);
  expect(run.of("failed")[0]).not.toHaveProperty("in_ms");
});

posix("the variable of a workspace's token is kept from every backend", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path);
  const { agent, ada } = dev;
  const env = { FIRST_OF_ALL: agent.token, SECOND_OF_ALL: ada.token, PLAIN_ONE: "seen" };
  const named = execOf("env | sed 's/=.*//' | grep -E '^(FIRST|SECOND|PLAIN)_' || echo none");
  const by = (one: DevWorkspace, variable: string): Entry => {
    const { token_file: _, ...entry } = entryOf(one, { ...named, token_env: variable });
    return entry;
  };
  configure(home.path, dev.url, [by(agent, "FIRST_OF_ALL"), by(ada, "SECOND_OF_ALL")]);
  await using run = fleet(home.path, {}, [], { env });
  await Promise.all([until(run, "connected", agent), until(run, "connected", ada)]);
  for (const one of [agent, ada]) expect(await ask(dev, one, "which?")).toBe("PLAIN_ONE");
  await run.stop();
});

posix("--once settles what each has, and ends with the highest code", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path);
  const { agent, ada } = dev;
  const [, , ben] = dev.workspaces as [DevWorkspace, DevWorkspace, DevWorkspace];
  configure(home.path, dev.url, [entryOf(agent), entryOf(ada)]);
  for (const one of [agent, ada]) await ask(dev, one, "hello", false);
  await using run = fleet(home.path, { once: true });
  await run.endsWith(0);
  for (const one of [agent, ada]) expect(told(run, "answered", one)).toHaveLength(1);
  configure(home.path, dev.url, [entryOf(agent), entryOf(ben, { token_file: ada.tokenFile })]);
  await using again = fleet(home.path, { once: true });
  await again.endsWith(3);
  expect(told(again, "stopped", agent)).toHaveLength(1);
});

test("--dry-run looks at each and prints a list, and its code is the highest", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path);
  const { agent, ada } = dev;
  configure(home.path, dev.url, [entryOf(agent), entryOf(ada)]);
  const dry = (output: string) =>
    runToEnd(["connect", "--dry-run", "-o", output], { home: home.path });
  const good = await dry("json");
  expect(good.code).toBe(0);
  expect(JSON.parse(good.stdout)).toMatchObject(
    [agent, ada].map(({ id }) => ({ workspace_id: id, token: "accepted", problem: null })),
  );
  configure(home.path, dev.url, [entryOf(agent), entryOf(ada, { token_file: agent.tokenFile })]);
  const bad = await dry("table");
  expect(bad.code).toBe(3);
  expect(bad.stdout).toContain(agent.id);
  expect(bad.stdout).toMatch(new RegExp(`${ada.id} .*another workspace|${ada.id} .*refused`));
  expect(bad.stderr).toContain(`error: ${ada.id.slice(0, 8)}: `);
});
