import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runToEnd } from "../harness/binary.ts";
import { connect, Dev, words } from "../harness/connect.ts";
import { ScriptedPlatform, TOKEN, WORKSPACE } from "../harness/scripted-platform.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { onPosix } from "../harness/platform.ts";

const inShell = onPosix("its command is for sh").test;

setDefaultTimeout(60_000);

/** A folder as an attacker would prepare it for someone who runs the program there. */
function hostileFolder(inside: string, trap: string): { path: string; proof: string } {
  const path = join(inside, "hostile");
  const proof = join(path, "code-was-run");
  mkdirSync(path);
  const write = (name: string, text: string) => writeFileSync(join(path, name), text);
  const variables = [
    ...["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"].map(
      (name) => `${name}=${trap}`,
    ),
    `MOLECULE_API_URL=${trap}`,
    `MOLECULE_API_TOKEN=theirs`,
    `MOLECULE_STATE_DIR=${path}`,
    "NODE_TLS_REJECT_UNAUTHORIZED=0",
    "BUN_OPTIONS=--preload ./evil.ts",
    "HOSTILE=1",
  ].join("\n");
  for (const name of [".env", ".env.local", ".env.development", ".env.production"]) {
    write(name, variables);
  }
  const evil = `require("node:fs").writeFileSync(${JSON.stringify(proof)}, "");`;
  for (const name of ["evil.ts", "index.ts", "main.ts", "src.ts"]) write(name, evil);
  write("bunfig.toml", 'preload = ["./evil.ts"]\n[run]\npreload = ["./evil.ts"]\n');
  write(
    "package.json",
    JSON.stringify({
      name: "molecule",
      main: "./evil.ts",
      module: "./evil.ts",
      imports: { "#x": "./evil.ts" },
      bun: { preload: ["./evil.ts"] },
    }),
  );
  const paths = { "*": ["./evil.ts"] };
  write("tsconfig.json", JSON.stringify({ compilerOptions: { baseUrl: ".", paths } }));
  for (const name of ["citty", "ofetch", "destr", "consola"]) {
    mkdirSync(join(path, "node_modules", name), { recursive: true });
    write(`node_modules/${name}/index.js`, evil);
  }
  return { path, proof };
}

inShell("nothing in the folder that it is run in has a say", async () => {
  using home = tmpFolder();
  await using trap = new ScriptedPlatform();
  await using dev = await Dev.start(home.path);
  const { path, proof } = hostileFolder(home.path, trap.url);
  await using bridge = dev.connect(home.path, { cwd: path, cmd: "env; cat" });
  await bridge.untilEvent("connected");
  const asked = await runToEnd(
    ["agent", "send", dev.agent.id, "hello", "--as", dev.ada.id, "--wait"],
    {
      home: home.path,
      cwd: path,
      env: { MOLECULE_API_URL: dev.url, MOLECULE_WORKSPACE_TOKEN: dev.ada.token },
    },
  );
  expect(asked).toMatchObject({ code: 0, stderr: "" });
  await bridge.stop();
  const environment = asked.stdout.split("\n");
  expect(environment).toContain("hello");
  expect(
    environment.filter((line) => /^(HOSTILE|.*PROXY|NODE_TLS.*|BUN_.*|.*STATE_DIR)=/i.test(line)),
  ).toEqual([]);
  expect(existsSync(proof)).toBe(false);
  expect(trap.seen).toEqual([]);
  expect(existsSync(join(path, `${dev.agent.id}.json`))).toBe(false);
});

test("without an address it is the default one, whatever the folder says", async () => {
  using home = tmpFolder();
  await using trap = new ScriptedPlatform();
  const { path, proof } = hostileFolder(home.path, trap.url);
  for (const args of [
    ["connect", WORKSPACE, "--backend", "mock", "--dry-run"],
    ["agent", "send", WORKSPACE, "hello"],
    ["--version"],
    ["dev", "--help"],
  ]) {
    // Whether something listens there is not ours to say; it is given no token of anyone's.
    await runToEnd(args, { home: home.path, cwd: path });
  }
  expect(trap.seen).toEqual([]);
  expect(existsSync(proof)).toBe(false);
});

test("a proxy of the environment is not asked for this machine", async () => {
  using home = tmpFolder();
  await using trap = new ScriptedPlatform();
  await using platform = new ScriptedPlatform();
  const env = { HTTP_PROXY: trap.url, http_proxy: trap.url };
  await using bridge = connect(platform.url, home.path, { env, flags: { once: true } });
  await bridge.endsWith(0);
  expect(platform.calls("register")).toHaveLength(1);
  expect(trap.seen).toEqual([]);
});

inShell(
  "neither Node nor Bun is needed: a shell and what the command asks for are enough",
  async () => {
    using home = tmpFolder();
    const bin = join(home.path, "bin");
    mkdirSync(bin);
    for (const name of ["sh", "cat", "tr"]) symlinkSync(Bun.which(name) ?? "", join(bin, name));
    const env = { PATH: bin };
    await using dev = await Dev.start(home.path, { ephemeral: true, port: 0 }, env);
    await using bridge = dev.connect(home.path, {
      env,
      cmd: "command -v node bun >&2; cat | tr a-z A-Z",
    });
    await bridge.untilEvent("connected");
    const who = { as: dev.ada.id, "token-file": dev.ada.tokenFile, wait: true } as const;
    const asked = await runToEnd(
      ["agent", "send", dev.agent.id, "hello", ...words({ "api-url": dev.url, ...who })],
      { home: home.path, env },
    );
    expect(asked).toMatchObject({ code: 0, stdout: "HELLO\n" });
    await bridge.stop();
    await dev.run.stop();
    expect(bridge.of("backend-stderr")).toEqual([]);
  },
);

inShell(
  "without a shell on the PATH the exec backend says so before anything is sent",
  async () => {
    using home = tmpFolder();
    await using platform = new ScriptedPlatform();
    await using bridge = connect(platform.url, home.path, { cmd: "cat", env: { PATH: home.path } });
    await bridge.endsWith(1);
    expect(bridge.failure).toContain("the shell sh was not found on the PATH");
    expect(platform.seen).toEqual([]);
  },
);

test("a token file is read from the folder that it is run in, as the operator named it", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  const folder = join(home.path, "work");
  mkdirSync(folder);
  writeFileSync(join(folder, "token"), `${TOKEN}\n`, { mode: 0o600 });
  await using bridge = connect(platform.url, home.path, {
    cwd: folder,
    env: { MOLECULE_WORKSPACE_TOKEN: "" },
    flags: { "token-file": "token", once: true },
  });
  await bridge.endsWith(0);
  const [call] = platform.calls("register");
  expect(call?.headers.get("authorization")).toBe(`Bearer ${TOKEN}`);
  expect(readFileSync(join(folder, "token"), "utf8")).toBe(`${TOKEN}\n`);
});
