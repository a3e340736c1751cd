import { expect, test } from "bun:test";
import { chmod, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { seed } from "../../../src/dev/seed.ts";
import { lab } from "./lab.ts";
import { onPosix, WINDOWS } from "../../harness/platform.ts";

const withModes = onPosix("Windows has no modes of files").test;

async function folder() {
  const path = await mkdtemp(join(tmpdir(), "molecule-test-"));
  return { db: join(path, "dev.db"), [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

const read = async (path: string) => (await Bun.file(path).text()).trim();

test("the first start makes an agent and two peers in poll mode, who may talk", async () => {
  await using at = await lab();
  const { workspaces, adminTokenFile } = await seed(at.platform);
  expect(workspaces.map(({ name }) => name)).toEqual(["agent", "ada", "ben"]);
  expect(await read(adminTokenFile)).toBe(at.admin);
  const members = [];
  for (const { id, name, tokenFile } of workspaces) {
    expect(await at.show({ id })).toMatchObject({ name, parent_id: null, runtime: "external" });
    members.push({ id, token: await read(tokenFile) });
  }
  const [agent, ada, ben] = members as [any, any, any];
  expect((await at.send(ada, agent, "x")).body.delivery_mode).toBe("poll");
  expect((await at.send(agent, ben, "x")).body.delivery_mode).toBe("poll");
});

test("the files of a database in memory go when the platform stops", async () => {
  const at = await lab();
  const { adminTokenFile } = await seed(at.platform);
  expect(await Bun.file(adminTokenFile).exists()).toBe(true);
  await at.platform.stop();
  expect(await Bun.file(adminTokenFile).exists()).toBe(false);
});

withModes("tokens are readable by their owner alone", async () => {
  await using dir = await folder();
  await using at = await lab({ db: dir.db });
  const { adminTokenFile } = await seed(at.platform);
  const tokens = dirname(adminTokenFile);
  expect(tokens).toBe(`${dir.db}.tokens`);
  expect((await stat(tokens)).mode & 0o777).toBe(0o700);
  const names = await readdir(tokens);
  expect(names.sort()).toEqual(["ada.token", "admin.token", "agent.token", "ben.token"]);
  for (const name of names) {
    expect((await stat(join(tokens, name))).mode & 0o777).toBe(0o600);
  }
});

test("a restart finds the same workspaces and tokens, the admin's too", async () => {
  await using dir = await folder();
  const start = async () => {
    await using at = await lab({ db: dir.db });
    const made = await seed(at.platform);
    const files = [...made.workspaces.map(({ tokenFile }) => tokenFile), made.adminTokenFile];
    const listed = (await at.get("/workspaces", { token: at.admin })).body;
    return [made, await Promise.all(files.map(read)), at.admin, listed];
  };
  expect(await start()).toEqual(await start());
});

test("a token that is missing or no longer good is made anew, the others stay", async () => {
  await using dir = await folder();
  await using at = await lab({ db: dir.db });
  const { workspaces } = await seed(at.platform);
  const [agent, ada, ben] = workspaces as [any, any, any];
  const readAll = () => Promise.all(workspaces.map(({ tokenFile }) => read(tokenFile)));
  const before = await readAll();
  await rm(agent.tokenFile);
  await Bun.write(ada.tokenFile, "not a token\n");
  await chmod(ada.tokenFile, 0o644);
  await seed(at.platform);
  const after = await readAll();
  expect(after.map((token, i) => token === before[i])).toEqual([false, false, true]);
  const works = async (id: string, token: string | undefined) =>
    (await at.get(`/workspaces/${id}/state`, { token })).status;
  expect([await works(agent.id, after[0]), await works(ada.id, after[1])]).toEqual([200, 200]);
  // A bridge that runs with the old token runs on.
  expect([await works(agent.id, before[0]), await works(ben.id, after[2])]).toEqual([200, 200]);
  if (!WINDOWS) {
    expect((await stat(ada.tokenFile)).mode & 0o777).toBe(0o600);
  }
});

test("a seeded workspace that was removed is made anew under its name", async () => {
  await using at = await lab();
  const [agent] = (await seed(at.platform)).workspaces as [any];
  await at.remove(agent, "agent");
  const again = (await seed(at.platform)).workspaces[0];
  expect(again?.name).toBe("agent");
  expect(again?.id).not.toBe(agent.id);
});

test("an admin token given by hand replaces the saved one", async () => {
  await using dir = await folder();
  {
    await using at = await lab({ db: dir.db });
    await seed(at.platform);
  }
  await using at = await lab({ db: dir.db, adminToken: "chosen-by-hand" });
  const { adminTokenFile } = await seed(at.platform);
  expect(await read(adminTokenFile)).toBe("chosen-by-hand");
});
