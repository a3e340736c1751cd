import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { onPosix } from "../../../harness/platform.ts";
import { ID, Lab } from "./lab.ts";

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
