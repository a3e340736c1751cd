import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onPosix } from "../../../harness/platform.ts";
import { ID, Lab, OTHER } from "./lab.ts";

const { test: posix } = onPosix("paths of POSIX");

const nothing = () => ({ code: 1 });

/** The line that the service is started with. */
const lineOf = (unit: string) => /^ExecStart=(.*)$/m.exec(unit)?.[1];

posix("what holds here of connect holds for the service", async () => {
  using lab = new Lab(nothing);
  const { code, out, err } = await lab.run(
    [
      "print",
      ID,
      "--token-file",
      "../token",
      "--api-url",
      "https://a.example.com",
      "--",
      "--ca-file",
      "ca.pem",
      "--wait-lock",
      "--backend",
      "exec",
      "--backend-opt",
      "cmd=./a b",
    ],
    { MOLECULE_ORG_ID: "org-1", MOLECULE_STATE_DIR: "state", PATH: "/opt/bin:/usr/bin" },
  );
  expect({ code, err }).toMatchObject({ code: 0 });
  const line = lineOf(out) ?? "";
  expect(line).toStartWith(`/usr/bin/molecule connect ${ID} `);
  for (const part of [
    "--api-url https://a.example.com",
    `--token-file ${lab.tokenFile}`,
    `--ca-file ${lab.at("work", "ca.pem")}`,
    `--state-dir ${lab.at("work", "state")}`,
    "--org-id org-1",
    "--wait-lock",
    '--backend exec --backend-opt "cmd=./a b"',
  ]) {
    expect(line).toContain(part);
  }
  expect(out).toContain(`WorkingDirectory=${lab.at("work")}\n`);
  expect(out).toContain("Environment=PATH=/opt/bin:/usr/bin\n");
  expect(lab.ran).toEqual([]);
});

posix("each manager's file can be seen on any system", async () => {
  using lab = new Lab(nothing, { platform: "darwin" });
  const base = ["print", ID, "--token-file", lab.tokenFile];
  expect((await lab.run([...base, "--manager", "systemd"])).out).toContain("[Service]");
  expect((await lab.run(base)).out).toContain("<plist");
  expect((await lab.run([...base, "--manager", "windows"])).out).toContain("<Task ");
  const { out } = await lab.run([...base, "--manager", "systemd", "-o", "json"]);
  expect(JSON.parse(out)).toMatchObject({
    manager: "systemd",
    file: expect.stringContaining("systemd"),
  });
});

test.each([
  [["print", ID, "--", "--once"], "--once has no place in a service"],
  [["print", ID, "--", "--dry-run"], "--dry-run has no place in a service"],
  [["print", ID, "--", "--onec"], "Did you mean --once?"],
  [["print", ID, "--", ID], "only flags of molecule connect"],
  [["print", ID, "--", "--help"], "only flags of molecule connect"],
  [["print", ID, "--", "--backend", "exec"], "needs its option cmd"],
  [["print", ID, "--run-as", "ann"], "--run-as is for a service of the system"],
  [["print", ID, "--template"], "takes no id"],
  [["print", "--template", "--token-file", "/t"], "a template serves many"],
  [["print"], "no workspace was named"],
  [["print", "not-an-id"], "is not the id of a workspace"],
  [["print", ID, "--env", "x"], "NAME=VALUE"],
])("%j is refused before anything else", async (words, why) => {
  using lab = new Lab(nothing);
  const { code, err, out } = await lab.run(words);
  expect({ code, err, out }).toEqual({ code: 2, err: expect.stringContaining(why), out: "" });
  expect(lab.ran).toEqual([]);
});

posix("a proxy with a password is left out, one without is not", async () => {
  using lab = new Lab(nothing);
  const { out, err } = await lab.run(["print", ID, "--token-file", lab.tokenFile], {
    HTTPS_PROXY: "http://ann:pass-word@proxy:3128",
    NO_PROXY: "localhost",
  });
  expect(out).toContain("Environment=NO_PROXY=localhost\n");
  expect(out + err).not.toContain("pass-word");
  expect(err).toContain("HTTPS_PROXY holds a password");
});

posix("a secret of the backend has to come from a file", async () => {
  using lab = new Lab(nothing);
  const words = ["print", ID, "--token-file", lab.tokenFile];
  const rest = [
    "--",
    "--backend",
    "openai",
    "--backend-opt",
    "base_url=http://127.0.0.1:1/v1",
    "--backend-opt",
    "model=m",
    "--backend-opt",
    "api_key=env:MODEL_KEY",
  ];
  expect((await lab.run([...words, ...rest])).err).toContain("MODEL_KEY");
  writeFileSync(lab.at("work", "env"), "MODEL_KEY=x\n");
  const { out, err } = await lab.run([...words, "--env-file", "env", ...rest]);
  expect(err).not.toContain("MODEL_KEY");
  expect(out).toContain(`EnvironmentFile=${lab.at("work", "env")}\n`);
});

const STORE = "postgres://ann:sesame-of-ann@db.example.com/molecule";

posix.each([
  [["--", "--store", STORE], {}, "--store has no place in a service"],
  [[], { MOLECULE_STORE: STORE }, "the address of the store is in MOLECULE_STORE"],
] as const)(
  "the address of a shared store is refused in a service: %j",
  async (words, env, why) => {
    using lab = new Lab(nothing);
    const { code, out, err } = await lab.run(
      ["print", ID, "--token-file", lab.tokenFile, ...words],
      env,
    );
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(why);
    expect(err).toContain("name that by --store-file");
    expect(err).not.toContain("sesame");
  },
);

posix(
  "the file with the address of a shared store is named, and what it holds is not",
  async () => {
    using lab = new Lab(nothing);
    const words = ["print", ID, "--token-file", lab.tokenFile];
    const missing = await lab.run([...words, "--", "--store-file", "./store"]);
    expect(missing).toMatchObject({ code: 1, out: "" });
    expect(missing.err).toContain("with the address of the store is not there");
    writeFileSync(lab.at("work", "store"), STORE, { mode: 0o600 });
    for (const [rest, env] of [
      [["--", "--store-file", "./store", "--max-workspaces", "7"], {}],
      [["--", "--max-workspaces", "7"], { MOLECULE_STORE_FILE: "store" }],
    ] as const) {
      const { out, err } = await lab.run([...words, ...rest], env);
      expect(err).not.toContain("chmod");
      expect(lineOf(out)).toContain(` --store-file ${lab.at("work", "store")}`);
      expect(lineOf(out)).toContain(" --max-workspaces 7");
      expect(out).not.toContain("sesame");
    }
    chmodSync(lab.at("work", "store"), 0o644);
    const open = await lab.run([...words, "--", "--store-file", "./store"]);
    expect(open.err).toContain("with the address of the store; chmod 600 mends it");
  },
);

posix("with a shared store a token may be kept there, and none is asked for", async () => {
  using lab = new Lab(nothing);
  expect((await lab.run(["print", ID])).err).toContain("the service has no token");
  writeFileSync(lab.at("work", "store"), STORE, { mode: 0o600 });
  const { code } = await lab.run(["print", ID, "--", "--store-file", "store"]);
  expect(code).toBe(0);
  const fleet = listed(lab, `  - id: ${ID}\n`);
  expect((await lab.run(fleet)).err).toContain("the service has no token for");
  expect((await lab.run([...fleet, "--", "--store-file", "store"])).code).toBe(0);
});

posix("a list of workspaces is one service, which reads its file by itself", async () => {
  using lab = new Lab(nothing);
  const file = lab.at("fleet.yaml");
  writeFileSync(file, `backend: mock\nworkspaces:\n  - id: ${ID}\n    token_file: ./token\n`);
  const { code, out, err } = await lab.run(["print", "--config", file, "--", "-v"]);
  expect({ code, err }).toMatchObject({ code: 0 });
  expect(lineOf(out)).toBe(`/usr/bin/molecule connect --config ${file} --verbose`);
  // Bun's own limit would leave some of many without an event stream.
  expect(out).toContain("Environment=BUN_CONFIG_MAX_HTTP_REQUESTS=4096\n");
  writeFileSync(file, "backend: mock\n");
  const none = await lab.run(["print", "--config", file]);
  expect([none.code, none.err]).toEqual([2, expect.stringContaining("no config file lists any")]);
});

/** A list in a file, with these entries, and how its service is printed. */
function listed(lab: Lab, entries: string): string[] {
  const file = lab.at("fleet.yaml");
  writeFileSync(file, `backend: mock\nworkspaces:\n${entries}`);
  return ["print", "--config", file];
}

const WITH_FILE = `  - id: ${OTHER}\n    token_file: ./token\n`;

posix(
  "a list of workspaces is a service on each system, with the variables that it can have",
  async () => {
    using lab = new Lab(nothing, { folder: "/srv" });
    const words = listed(lab, WITH_FILE);
    expect(await lab.run(words)).toMatchObject({ code: 0, err: "" });
    const { out } = await lab.run([...words, "--manager", "launchd"]);
    expect(out).toContain("<key>BUN_CONFIG_MAX_HTTP_REQUESTS</key>");
    const windows = await lab.run([...words, "--manager", "windows"]);
    expect(windows.code).toBe(0);
    expect(windows.out).toContain("connect --config ");
  },
);

posix("a list may take as long to end as the most patient of its entries", async () => {
  using lab = new Lab(nothing, { folder: "/srv" });
  const grace = (secs: number) => `    grace_secs: ${secs}\n`;
  const first = `${WITH_FILE}${grace(600)}`;
  const { out } = await lab.run(
    listed(lab, `${first}  - id: ${ID}\n    token_file: ./token\n${grace(5)}`),
  );
  expect(out).toContain("\nTimeoutStopSec=615\n");
  // A flag stands before each of them.
  const flagged = await lab.run([...listed(lab, first), "--", "--grace-secs", "90"]);
  expect(flagged.out).toContain("\nTimeoutStopSec=105\n");
});

posix("a token in a variable that the service would not have is refused", async () => {
  using lab = new Lab(nothing, { folder: "/srv" });
  const words = listed(lab, `${WITH_FILE}  - id: ${ID}\n    token_env: FIRST_TOKEN\n`);
  const env = { FIRST_TOKEN: "tok-canary" };
  for (const manager of ["systemd", "launchd", "windows"]) {
    for (const here of [env, {}]) {
      const { code, out, err } = await lab.run([...words, "--manager", manager], here);
      expect({ code, out }).toEqual({ code: 2, out: "" });
      expect(err).toContain("fleet.yaml:5: the service would not have the variable");
      expect(err).toContain("name that as token_file");
      expect(err.includes("--env-file")).toBe(manager === "systemd");
      expect(err).not.toContain("tok-canary");
    }
  }
  const { code, out, err } = await lab.run([...words, "--env-file", lab.at("env")]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toContain(`EnvironmentFile=${lab.at("env")}\n`);
});

posix.each([
  ["an option that its backend needs", "    backend: exec\n", "needs its option cmd"],
  ["a backend that is none", "    backend: mokc\n", "did you mean mock?"],
  ["a mode without its address", "    mode: push\n", "needs --public-url"],
])("%s is missed before anything is installed, by the place in the list", async (_, more, why) => {
  using lab = new Lab(nothing, { folder: "/srv" });
  const { code, err } = await lab.run(listed(lab, `${WITH_FILE}${more}`));
  expect(code).toBe(2);
  expect(err).toContain("fleet.yaml:3: ");
  expect(err).toContain(why);
});

posix("the options of an entry are warned of as those of one workspace are", async () => {
  using lab = new Lab(nothing, { folder: "/srv" });
  const options = '{ base_url: "http://127.0.0.1:1/v1", model: m, api_key: "env:MODEL_KEY" }';
  const words = listed(lab, `${WITH_FILE}    backend: openai\n    backend_opt: ${options}\n`);
  const { code, err } = await lab.run(words);
  expect([code, err]).toEqual([0, expect.stringContaining("api_key is to come from MODEL_KEY")]);
});

posix("the token files of a list are looked at as that of one workspace is", async () => {
  using lab = new Lab(nothing, { folder: "/srv" });
  const gone = await lab.run(listed(lab, `  - id: ${OTHER}\n    token_file: ./gone\n`));
  expect([gone.code, gone.err]).toEqual([
    1,
    expect.stringContaining(`token file ${lab.at("gone")} is not there`),
  ]);
  chmodSync(lab.tokenFile, 0o644);
  expect((await lab.run(listed(lab, WITH_FILE))).err).toContain("chmod 600 mends it");
});

posix(
  "an entry without a token needs one that is kept where the service looks for it",
  async () => {
    using lab = new Lab(nothing, { folder: "/srv" });
    const words = listed(lab, `  - id: ${OTHER}\n`);
    const { code, err } = await lab.run(words);
    expect([code, err]).toEqual([2, expect.stringContaining(`has no token for ${OTHER}`)]);
    keep(lab.machine.home, OTHER);
    expect(await lab.run(words)).toMatchObject({ code: 0, err: "" });
    // systemd gives a service of the system a state of its own, unless another one is named.
    expect((await lab.run([...words, "--system"])).err).toContain(`has no token for ${OTHER}`);
    const state = stateIn(lab.machine.home);
    const named = await lab.run([...words, "--system", "--", "--state-dir", state]);
    expect(named).toMatchObject({ code: 0, err: "" });
  },
);

posix(
  "a token file that is given for a list of one reaches the service of the system",
  async () => {
    using lab = new Lab(nothing, { folder: "/srv" });
    const words = [...listed(lab, `  - id: ${OTHER}\n`), "--token-file", lab.tokenFile, "--system"];
    const { code, out, err } = await lab.run(words);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(lineOf(out)).toContain(`--token-file ${lab.tokenFile}`);
  },
);

posix(
  "a daemon of launchd finds the tokens that are kept for the user that it runs as",
  async () => {
    using lab = new Lab(([name]) =>
      name === "dscl" ? { out: `NFSHomeDirectory: ${lab.at("bob")}\n` } : { code: 1 },
    );
    lab.machine = { ...lab.machine, platform: "darwin", folder: "/srv" };
    const words = ["print", ID, "--system", "--run-as", "bob"];
    keep(lab.machine.home, ID);
    const { code, err } = await lab.run(words);
    expect([code, err]).toEqual([2, expect.stringContaining("the service has no token")]);
    keep(lab.at("bob"), ID);
    expect(await lab.run(words)).toMatchObject({ code: 0, err: "" });
  },
);

const stateIn = (home: string) => join(home, ".config", "molecule", "state");

/** Puts a token where one is kept. */
function keep(home: string, id: string): void {
  mkdirSync(stateIn(home), { recursive: true });
  writeFileSync(join(stateIn(home), `${id}.token`), "a-token-of-nobody\n", { mode: 0o600 });
}
