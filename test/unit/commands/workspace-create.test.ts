import { describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { WINDOWS } from "../../harness/platform.ts";
import { lab } from "../dev/lab.ts";
import { Operator, operator, REVISIONS } from "./operator.ts";

const rowOf = async (op: Operator, name: string) =>
  (await op.json("workspace", "list", "--name", name))[0];

describe.each(REVISIONS)("workspace create on %s", (revision) => {
  test("keeps the token where connect finds it, for its owner alone, and never says it", async () => {
    await using op = await operator({ revision });
    const { code, out, err } = await op.run("workspace", "create", "reader", "--role", "reads");
    expect(code).toBe(0);
    const { id, ...row } = await rowOf(op, "reader");
    expect(row).toMatchObject({ role: "reads", runtime: "external", status: "awaiting_agent" });
    const token = op.kept()[`${id}.token`] ?? "";
    expect(await op.takes(id, token)).toBe(true);
    const file = join(op.state, `${id}.token`);
    if (!WINDOWS) expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(out).toContain(file);
    expect(out + err).not.toContain(token);
    expect(err).toContain(`next: molecule connect ${id} --api-url ${op.lab.platform.url}`);
  });

  test("it is in poll mode, so that what comes before its agent is kept", async () => {
    await using op = await operator({ revision });
    const { id } = await op.json("workspace", "create", "reader");
    const sent = await op.lab.send("canvas", { id }, "early");
    expect(sent.body).toMatchObject({ status: "queued", delivery_mode: "poll" });
  });

  test("with --url messages are pushed, and the token comes with the first registration", async () => {
    await using op = await operator({ revision });
    const url = "http://localhost:9/a2a";
    const { code, err } = await op.run("workspace", "create", "reader", "--url", url);
    expect(code).toBe(0);
    expect(err).toContain("its token comes with its first registration");
    expect(await rowOf(op, "reader")).toMatchObject({ url, status: "online" });
    expect(op.kept()).toEqual({});
  });
});

test("every flag reaches the platform", async () => {
  await using op = await operator();
  const lead = await op.lab.member("lead");
  const words = ["--name", "reader", "--tier", "2", "--parent", "lead", "--budget", "2.5"];
  const more = ["--max-concurrent-tasks", "4", "--workspace-dir", "/srv/reader"];
  expect((await op.run("workspace", "create", ...words, ...more)).code).toBe(0);
  expect(await rowOf(op, "reader")).toMatchObject({
    tier: 2,
    parent_id: lead.id,
    budget_limit: 250,
    max_concurrent_tasks: 4,
    workspace_dir: "/srv/reader",
  });
});

test("a name that is taken gets a number, and that is told", async () => {
  await using op = await operator();
  await op.lab.member("reader");
  expect(await op.json("workspace", "create", "reader")).toMatchObject({ name: "reader 2" });
  await op.run("workspace", "delete", "reader 2", "--yes");
  const { out, err } = await op.run("workspace", "create", "reader");
  expect(out).toMatch(/^name +reader 2$/m);
  expect(err).toContain("the platform calls it reader 2");
});

describe("--save-to", () => {
  test("writes the token there and nowhere else", async () => {
    await using op = await operator();
    const file = join(op.home, "reader.token");
    const { id, token_file } = await op.json("workspace", "create", "reader", "--save-to", file);
    expect(token_file).toBe(file);
    expect(await op.takes(id, readFileSync(file, "utf8").trim())).toBe(true);
    if (!WINDOWS) expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(() => op.kept()).toThrow();
  });

  test("leaves a file that is there as it is, and makes no workspace", async () => {
    await using op = await operator();
    const file = join(op.home, "reader.token");
    writeFileSync(file, "mine");
    const { code, err } = await op.run("workspace", "create", "reader", "--save-to", file);
    expect(code).toBe(1);
    expect(err).toContain(`${file} is there already`);
    expect(readFileSync(file, "utf8")).toBe("mine");
    expect(await op.json("workspace", "list")).toEqual([]);
  });

  test("a folder that is not there is told before anything is made", async () => {
    await using op = await operator();
    const file = join(op.home, "nowhere", "reader.token");
    const { code, err } = await op.run("workspace", "create", "reader", "--save-to", file);
    expect(code).toBe(1);
    expect(err).toContain("can't be written (ENOENT)");
    expect(await op.json("workspace", "list")).toEqual([]);
  });

  test("with --save it is kept for connect as well", async () => {
    await using op = await operator();
    const file = join(op.home, "reader.token");
    const { id } = await op.json("workspace", "create", "r", "--save-to", file, "--save");
    expect(op.kept()).toEqual({ [`${id}.token`]: readFileSync(file, "utf8").trim() });
  });
});

describe("--show-token", () => {
  test("prints it once, in the platform's own answer", async () => {
    await using op = await operator();
    const words = ["workspace", "create", "reader", "--no-save", "--show-token"];
    const { out, err } = await op.run(...words, "-o", "json");
    const { id, connection } = JSON.parse(out);
    expect(await op.takes(id, connection.auth_token)).toBe(true);
    expect(err).not.toContain(connection.auth_token);
    expect((await op.run(...words)).out).toMatch(/^token +[\w-]{43}$/m);
    expect(() => op.kept()).toThrow();
  });

  test("without it the answer holds a mask", async () => {
    await using op = await operator();
    const { connection } = await op.json("workspace", "create", "reader");
    expect(connection.auth_token).toBe("[secret]");
  });

  test("an admin token in the answer stays masked all the same", async () => {
    await using op = await operator();
    const words = ["workspace", "create", op.lab.admin, "--show-token"];
    const { out } = await op.run(...words);
    expect(out).not.toContain(op.lab.admin);
    expect(out).toMatch(/^token +[\w-]{43}$/m);
  });
});

test("--no-save alone is refused: the token would be lost", async () => {
  await using op = await operator();
  const { code, err } = await op.run("workspace", "create", "reader", "--no-save");
  expect(code).toBe(2);
  expect(err).toContain("the token would be lost");
  expect(await op.json("workspace", "list")).toEqual([]);
});

test("a state folder that can't be made is told before anything is made", async () => {
  await using op = await operator();
  writeFileSync(op.state, "");
  const { code, err } = await op.run("workspace", "create", "reader");
  expect(code).toBe(1);
  expect(err).toContain("can't be written to");
  expect(await op.json("workspace", "list")).toEqual([]);
});

test("a token that can't be kept after all is printed, with the reason on standard error", async () => {
  let spoil = () => {};
  const platform = await lab({
    onRequest: ({ method, path }) => {
      if (method === "POST" && path === "/workspaces") spoil();
    },
  });
  await using op = new Operator(platform);
  mkdirSync(op.state);
  spoil = () => {
    rmSync(op.state, { recursive: true });
    writeFileSync(op.state, "");
  };
  const { code, out, err } = await op.run("workspace", "create", "reader", "-o", "json");
  expect(code).toBe(1);
  const { id, connection } = JSON.parse(out);
  expect(await op.takes(id, connection.auth_token)).toBe(true);
  expect(err).toContain("can't be written");
  expect(err).toContain("it is shown only this once");
  expect(err).not.toContain(connection.auth_token);
});

describe("what can't be meant is refused before any call", () => {
  test.each([
    [["workspace", "create"], "the workspace needs a name"],
    [["workspace", "create", "a", "--name", "b"], "given twice"],
    [["workspace", "create", "a{b}"], "must have none of"],
    [["workspace", "create", "x".repeat(256)], "at most 255 characters"],
    [["workspace", "create", "a", "--budget", "0.001"], "must be an amount of dollars"],
    [["workspace", "create", "a", "--workspace-dir", "srv"], "must be a whole path"],
    [["workspace", "create", "a", "--model", "m", "--url", "http://x/"], "--url"],
  ])("%j", async (argv, words) => {
    let calls = 0;
    await using op = await operator({ onRequest: () => void (calls += 1) });
    const { code, err } = await op.run(...argv);
    expect(code).toBe(2);
    expect(err).toContain(words);
    expect(calls).toBe(0);
  });
});

test("a workspace that the platform is to run asks it so, and its refusal is passed on", async () => {
  await using op = await operator();
  const { code, err } = await op.run("workspace", "create", "reader", "--runtime", "langgraph");
  expect(code).toBe(1);
  expect(err).toContain("422");
});

test("where the name can't be looked up, nothing is said of it", async () => {
  await using op = await operator();
  const fault = { kind: "503", path: "/workspaces/" };
  await op.lab.post("/dev/faults", { token: op.lab.admin, body: fault });
  const { code, err } = await op.run("workspace", "create", "reader");
  expect(code).toBe(0);
  expect(err).not.toContain("the platform calls it");
  expect(err).not.toContain("undefined");
});
