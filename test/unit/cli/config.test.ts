/** Where values come from, once there are config files. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, rmdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Source } from "../../../src/cli/command.ts";
import type { Flag } from "../../../src/cli/flag.ts";
import { onPosix } from "../../harness/platform.ts";
import { ConfigLab, SAMPLE } from "./config-lab.ts";

const apiUrl = SAMPLE.globals["apiUrl"] as Flag<string>;
const withLinks = onPosix("Windows gives links to few, and holds on to working directories").test;

describe("the nearest of flag, variable, project, user and default counts", () => {
  const project = "count: 3\n";
  const user = "# mine\ncount: 2\n";
  const cases: [string, Record<string, string>, string[], unknown, Source, string | undefined][] = [
    ["work", {}, [], 5, "default", undefined],
    ["work", {}, [user], 2, "user", "~/.config/molecule.yaml:2"],
    ["work", {}, [user, project], 3, "project", "./molecule.yaml:1"],
    ["work", { MOL_COUNT: "7" }, [user, project], 7, "env", "MOL_COUNT"],
    ["work", { MOL_COUNT: "7", MOLECULE_COUNT: "8" }, [user, project], 8, "env", "MOLECULE_COUNT"],
    ["work", { MOL_COUNT: "7", MOLECULE_COUNT: "" }, [user, project], 7, "env", "MOL_COUNT"],
    ["work --count 9", { MOLECULE_COUNT: "8" }, [user, project], 9, "flag", "--count"],
    ["blind", {}, [user, project], 5, "default", undefined],
  ];
  for (const [argv, env, files, value, source, origin] of cases) {
    test(`'${argv}' with ${JSON.stringify(env)} and ${files.length} files: ${value}`, async () => {
      using lab = new ConfigLab();
      if (files[0] !== undefined) lab.write(lab.user, files[0]);
      if (files[1] !== undefined) lab.write(lab.project, files[1]);
      const { values, context, err } = await lab.run(argv, env);
      expect(err).toBe("");
      expect(values["count"]).toBe(value);
      expect(context.source("count")).toBe(source);
      expect(context.origin("count")).toBe(origin);
    });
  }

  test("global flags obey the same rule", async () => {
    using lab = new ConfigLab();
    lab.write(lab.user, "api_url: http://user\noutput: json\n");
    const { context } = await lab.run("idle", { MOL_OUTPUT: "yaml" });
    expect(context.get(apiUrl)).toBe("http://user");
    expect(context.source("apiUrl")).toBe("user");
    expect(context.source("output")).toBe("env");
  });

  test("--config or its variable stands in place of both files", async () => {
    using lab = new ConfigLab();
    lab.write(lab.user, "count: 2\nlabel: mine\n");
    lab.write(lab.project, "count: 3\n");
    const other = lab.write(join(lab.home, "other.yaml"), "count: 4\nbackend: exec\n");
    const by = [
      await lab.run(["work", "--config", other]),
      await lab.run("work", { MOLECULE_CONFIG: other }),
    ];
    for (const { values, context } of by) {
      expect(values).toMatchObject({ count: 4, backend: "exec", label: undefined });
      expect(context.source("count")).toBe("file");
      expect(context.origin("count")).toBe(`${other}:1`);
    }
  });

  test("a file that --config names has to be there, and another than it is not looked at", async () => {
    using lab = new ConfigLab();
    lab.write(lab.user, "count: 2\n");
    const flag = await lab.run("work --config nope.yaml");
    expect(flag.err).toBe(
      "error: nope.yaml: there is no such file\nhint: --config names a file that must be there.\n",
    );
    const variable = await lab.run("work", { MOLECULE_CONFIG: "nope.yaml" });
    expect(variable.err).toContain("hint: MOLECULE_CONFIG names a file that must be there.\n");
    expect([flag.code, variable.code]).toEqual([2, 2]);
  });

  test("no file above the working directory is read", async () => {
    using lab = new ConfigLab();
    lab.write(join(dirname(lab.folder), "molecule.yaml"), "count: 3\n");
    expect((await lab.run("work")).values["count"]).toBe(5);
  });

  test("an error is told in the form that the files ask for", async () => {
    using lab = new ConfigLab();
    lab.write(lab.user, "output: json\n");
    const { code, err } = await lab.run("work --count many");
    expect(JSON.parse(err).error).toMatchObject({ code: "usage", exit_code: 2 });
    expect(code).toBe(2);
  });
});

describe("a value is read as its flag reads it", () => {
  const cases: [yaml: string, values: Record<string, unknown>][] = [
    ["count: 007", { count: 7 }],
    ["count: '7'", { count: 7 }],
    ["grace: 1m30s", { grace: 90_000 }],
    ["color: blue", { color: "blue" }],
    ["sound: True", { sound: true }],
    ["label: 0x10", { label: "0x10" }],
    ["label: yes", { label: "yes" }],
    ["label: 'null'", { label: "null" }],
    ["label: 2026-01-02", { label: "2026-01-02" }],
    ['label: "caf\\u00e9 #1"', { label: "café #1" }],
    ["tags: [a, 1, true, 'x: y']", { tags: ["a", "1", "true", "x: y"] }],
    ["tags:\n  - a\n  - b # c", { tags: ["a", "b"] }],
    ["tags: one", { tags: ["one"] }],
    ["tags: []", { tags: [] }],
    [
      "backend_opt:\n  cmd: ./a.sh -x\n  timeout: 5m",
      { backendOpt: ["cmd=./a.sh -x", "timeout=5m"] },
    ],
    ["backend_opt: [cmd=./a.sh]", { backendOpt: ["cmd=./a.sh"] }],
    ["{ count: 6, label: x }", { count: 6, label: "x" }],
    ["\ufeffcount: 6", { count: 6 }],
    ["count: 6\r\nlabel: x\r\n", { count: 6, label: "x" }],
    ["---\ncount: 6\n...\n", { count: 6 }],
    ["", { count: 5 }],
    ["# nothing\n\n", { count: 5 }],
    ["---\n", { count: 5 }],
  ];
  for (const [yaml, values] of cases) {
    test(JSON.stringify(yaml), async () => {
      using lab = new ConfigLab();
      lab.write(lab.user, yaml);
      const ran = await lab.run("work");
      expect(ran.err).toBe("");
      expect(ran.values).toMatchObject(values);
    });
  }

  test("a path is relative to the file, and may begin at home", async () => {
    using lab = new ConfigLab();
    const path = async (text: string) => {
      lab.write(lab.user, `token_file: ${text}\n`);
      return (await lab.run("work")).values["tokenFile"];
    };
    const folder = dirname(lab.user);
    expect(await path("a.token")).toBe(join(folder, "a.token"));
    expect(await path("./sub/../a.token")).toBe(join(folder, "a.token"));
    expect(await path("~/a.token")).toBe(join(lab.home, "a.token"));
    expect(await path("~bob/a")).toBe(join(folder, "~bob", "a"));
    expect(await path(join(lab.folder, "b"))).toBe(join(lab.folder, "b"));
    const flag = await lab.run("work --token-file a.token");
    expect(flag.values["tokenFile"]).toBe("a.token");
  });

  withLinks("a path in a file that a link leads to is relative to the file itself", async () => {
    using lab = new ConfigLab();
    const real = lab.write(join(lab.home, "dotfiles", "m.yaml"), "token_file: a.token\n");
    mkdirSync(dirname(lab.user));
    symlinkSync(real, lab.user);
    const { values } = await lab.run("work");
    expect(values["tokenFile"]).toBe(join(lab.home, "dotfiles", "a.token"));
  });
});

describe("options in a file go with the backend of that file", () => {
  const file = "backend: exec\nbackend_opt: [cmd=a]\n";
  const cases: [argv: string, env: Record<string, string>, user: string, opts: string[]][] = [
    ["work", {}, file, ["cmd=a"]],
    ["work --backend exec", {}, file, ["cmd=a"]],
    ["work --backend mock", {}, file, []],
    ["work", { MOL_BACKEND: "mock" }, file, []],
    ["work --backend mock --backend-opt x=1", {}, file, ["x=1"]],
    ["work", {}, "backend_opt: [x=2]\n", ["x=2"]],
    ["work --backend mock", {}, "backend_opt: [x=2]\n", ["x=2"]],
    ["work --backend exec", {}, "backend_opt: [x=2]\n", []],
  ];
  for (const [argv, env, user, opts] of cases) {
    test(`'${argv}' ${JSON.stringify(env)} ${JSON.stringify(user)}`, async () => {
      using lab = new ConfigLab();
      lab.write(lab.user, user);
      expect((await lab.run(argv, env)).values["backendOpt"]).toEqual(opts);
    });
  }

  test("those of the user's file do not go with the project's backend", async () => {
    using lab = new ConfigLab();
    lab.write(lab.user, file);
    lab.writeTrusted("backend: http\n");
    expect((await lab.run("work")).values).toMatchObject({ backend: "http", backendOpt: [] });
  });

  test("those of the project go with the user's backend, which it has left as it is", async () => {
    using lab = new ConfigLab();
    lab.write(lab.user, "backend: exec\n");
    lab.writeTrusted("backend_opt: [cmd=b]\n");
    expect((await lab.run("work")).values).toMatchObject({
      backend: "exec",
      backendOpt: ["cmd=b"],
    });
  });
});

test("in the folder of the user's file, that file is the user's and needs no trust", async () => {
  using lab = new ConfigLab();
  lab.write(lab.user, "backend: exec\n");
  process.chdir(dirname(lab.user));
  const { values, context } = await lab.run("work");
  expect(values["backend"]).toBe("exec");
  expect(context.source("backend")).toBe("user");
});

withLinks("without a home only the working directory is looked at", async () => {
  using lab = new ConfigLab();
  lab.write(lab.user, "count: 2\nlabel: mine\n");
  lab.write(lab.project, "count: 3\n");
  process.chdir(lab.folder);
  const { values } = await lab.run("work", { HOME: "relative" });
  expect(values).toMatchObject({ count: 3, label: undefined });
});

withLinks("in a folder that is gone only the user's file is there", async () => {
  using lab = new ConfigLab();
  lab.write(lab.user, "count: 2\n");
  rmdirSync(lab.folder);
  const { values, err } = await lab.run("work");
  expect(err).toBe("");
  expect(values["count"]).toBe(2);
});
