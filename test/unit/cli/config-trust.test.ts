/** What a project's file may say before and after the operator has trusted it. */
import { describe, expect, test } from "bun:test";
import { chmodSync, copyFileSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { digestOf, TrustList } from "../../../src/cli/config/trust.ts";
import type { Flag } from "../../../src/cli/flag.ts";
import { onPosix } from "../../harness/platform.ts";
import { ConfigLab, SAMPLE } from "./config-lab.ts";

const posix = onPosix("Windows has no modes of files, and gives links to few").test;
const apiUrl = SAMPLE.globals["apiUrl"] as Flag<string>;

describe("a project's file that nobody has trusted", () => {
  test("ends a command whose value would come from it, with the line and what to do", async () => {
    using lab = new ConfigLab();
    lab.write(lab.project, "count: 3\nbackend: exec\n");
    const { code, err } = await lab.run("work");
    expect(err).toBe(
      `error: ./molecule.yaml:2 sets backend to "exec", and that file is not trusted
hint: Look at the file; 'molecule config trust' makes it count. --backend stands before it.
`,
    );
    expect(code).toBe(2);
  });

  test("sets what is free all the same", async () => {
    using lab = new ConfigLab();
    lab.write(lab.project, "count: 3\nlabel: x\n");
    expect((await lab.run("work")).values).toMatchObject({ count: 3, label: "x" });
  });

  test("does not stop a command that has no use for the key", async () => {
    using lab = new ConfigLab();
    lab.write(lab.project, "backend: exec\napi_url: http://evil\n");
    expect((await lab.run("idle")).code).toBe(0);
    expect((await lab.run("mend")).code).toBe(0);
  });

  test("does not stop a command that was given the value nearer by", async () => {
    using lab = new ConfigLab();
    lab.write(lab.project, "backend: exec\n");
    expect((await lab.run("work --backend mock")).code).toBe(0);
    expect((await lab.run("work", { MOL_BACKEND: "mock" })).code).toBe(0);
  });

  test("stops a command when it asks for a global flag, and not before", async () => {
    using lab = new ConfigLab();
    lab.write(lab.project, "api_url: http://evil\n");
    lab.write(lab.user, "api_url: http://good\n");
    const { code, context } = await lab.run("idle");
    expect(code).toBe(0);
    expect(() => context.get(apiUrl)).toThrow('./molecule.yaml:1 sets api_url to "http://evil"');
    const given = await lab.run("idle --api-url http://mine");
    expect(given.context.get(apiUrl)).toBe("http://mine");
  });

  test("is passed over by a command that looks at the config itself", async () => {
    using lab = new ConfigLab();
    lab.write(lab.project, "api_url: http://evil\nbackend: exec\n");
    lab.write(lab.user, "api_url: http://good\n");
    const { values, context } = await lab.run("look");
    expect(values["backend"]).toBe("mock");
    expect(context.get(apiUrl)).toBe("http://good");
  });

  const shown: [yaml: string, shown: string][] = [
    ['backend: "a\\u202e\\u200fc"', '"a\\u202e\\u200fc"'],
    [
      "backend: mock\nbackend_opt: [header.authorization=Bearer abc, key=env:KEY]",
      '"header.authorization=[secret]", "key=env:KEY"',
    ],
    ["backend_opt: {api_key: abcdef, max_tokens: 5}", '"api_key=[secret]", "max_tokens=5"'],
    ["backend: from-the-variable", '"[secret]"'],
    [`backend: ${"x".repeat(500)}`, `"${"x".repeat(400)}" and 100 more characters`],
    ['backend_opt: ["cat  #\\nx"]', '"cat \\u0020#\\nx"'],
  ];
  for (const [yaml, text] of shown) {
    test(`has its value shown in one line, without secrets: ${yaml.slice(0, 60)}`, async () => {
      using lab = new ConfigLab();
      lab.write(lab.project, `${yaml}\n`);
      const argv = yaml.startsWith("backend: mock") ? "work --backend mock" : "work";
      const { err } = await lab.run(argv, { MOLECULE_TOKEN: "from-the-variable" });
      expect(err).toContain(` to ${text}, and that file is not trusted\n`);
    });
  }

  test("has the password in its address hidden", async () => {
    using lab = new ConfigLab();
    lab.write(lab.project, "api_url: http://me:hunter2@evil\n");
    const { context } = await lab.run("idle");
    expect(() => context.get(apiUrl)).toThrow('sets api_url to "http://[secret]@evil", and');
  });
});

describe("a project's file that was trusted", () => {
  test("counts as it was then, and any change ends that", async () => {
    using lab = new ConfigLab();
    lab.writeTrusted("backend: exec\n");
    expect((await lab.run("work")).values["backend"]).toBe("exec");
    lab.write(lab.project, "backend: exec\n# a word more\n");
    const { code, err } = await lab.run("work");
    expect(err).toContain("that file has changed since it was trusted\n");
    expect(code).toBe(2);
    lab.write(lab.project, "backend: exec\n");
    expect((await lab.run("work")).code).toBe(0);
  });

  test("is not trusted in another place", async () => {
    using lab = new ConfigLab();
    lab.writeTrusted("token_file: ./token\n");
    const folder = join(lab.folder, "copy");
    mkdirSync(folder);
    copyFileSync(lab.project, join(folder, "molecule.yaml"));
    process.chdir(folder);
    expect((await lab.run("work")).err).toContain("that file is not trusted");
  });

  posix("keeps its own folder for paths where a link leads to it", async () => {
    using lab = new ConfigLab();
    lab.writeTrusted("token_file: ./token\n");
    const folder = join(lab.home, "elsewhere");
    mkdirSync(folder);
    symlinkSync(lab.project, join(folder, "molecule.yaml"));
    process.chdir(folder);
    expect((await lab.run("work")).values["tokenFile"]).toBe(join(lab.folder, "token"));
  });

  posix("is not trusted by a list that others may write", async () => {
    using lab = new ConfigLab();
    lab.writeTrusted("backend: exec\n");
    chmodSync(lab.trusted, 0o622);
    const { code, err } = await lab.run("work");
    expect(err).toContain("molecule/trusted.json can be written by others\n");
    expect(code).toBe(2);
  });
});

posix("a pipe in the place of the list or of a file is told of, and not waited for", async () => {
  using lab = new ConfigLab();
  lab.writeTrusted("backend: exec\n");
  const piped = (path: string) => {
    rmSync(path, { force: true });
    expect(Bun.spawnSync(["mkfifo", path]).success).toBe(true);
  };
  piped(lab.trusted);
  expect((await lab.run("work")).err).toContain("trusted.json is not a plain file\n");
  piped(lab.project);
  expect((await lab.run("work")).err).toContain("./molecule.yaml: is not a plain file\n");
  rmSync(lab.project);
  piped(lab.user);
  expect((await lab.run("work")).err).toContain("~/.config/molecule.yaml: is not a plain file\n");
});

test("a list that can't be understood trusts in nothing, and says so", async () => {
  using lab = new ConfigLab();
  for (const text of ["", "{", "[]", '{"files": 5}', '{"files": {"/x": 5}}', '"files"']) {
    lab.writeTrusted("backend: exec\n");
    lab.write(lab.trusted, text);
    const { code, err } = await lab.run("work");
    expect(err).toContain("molecule/trusted.json can't be understood\n");
    expect(code).toBe(2);
    // A command without a project's file does not ask it.
    process.chdir(lab.home);
    expect((await lab.run("work")).code).toBe(0);
    process.chdir(lab.folder);
  }
});

test("the file of --config and the user's need no trust", async () => {
  using lab = new ConfigLab();
  lab.write(lab.user, "backend: exec\n");
  expect((await lab.run("work")).values["backend"]).toBe("exec");
  lab.write(lab.project, "backend: http\n");
  expect((await lab.run("work --config molecule.yaml")).values["backend"]).toBe("http");
});

test("the list keeps what it has, and forgets one file at a time", () => {
  using lab = new ConfigLab();
  const write = (text: string) => TrustList.read(lab.write(lab.trusted, text));
  const [one, two] = [digestOf("one"), digestOf("two")];
  const both = write(write(new TrustList([]).with("/a", one)).with("/b", two));
  expect([both.of("/a", one), both.of("/a", two), both.of("/b", two), both.of("/c", one)]).toEqual([
    "trusted",
    "changed",
    "trusted",
    "untrusted",
  ]);
  const left = write(both.without("/a"));
  expect([left.of("/a", one), left.of("/b", two)]).toEqual(["untrusted", "trusted"]);
});
