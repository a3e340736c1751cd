/** `molecule config` and `molecule init`: what they show, and what they write. */
import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { commandAt } from "../../../src/cli/command.ts";
import { snake } from "../../../src/cli/config/variables.ts";
import { loadAll, walk } from "../../../src/cli/tree.ts";
import { CLI } from "../../../src/commands/cli.ts";
import { onlyWhere, onPosix, WINDOWS } from "../../harness/platform.ts";
import { ConfigLab } from "../cli/config-lab.ts";

const posix = onPosix("Windows has no modes of files, and gives links to few").test;
const asUser = onlyWhere(!WINDOWS && process.geteuid?.() !== 0, "root may write everywhere").test;

const lab = () => new ConfigLab(CLI);
const rowsOf = (out: string): any[] => JSON.parse(out);

describe("config list", () => {
  test("has every key with what it is set to, and by what", async () => {
    using l = lab();
    l.write(l.user, "api_url: http://user.example\nmax_paused: 2h\n");
    l.writeTrusted("interval_ms: 50\n");
    const env = { MOL_AGENT_NAME: "Ada" };
    const { code, out, err } = await l.run("config list -o json", env);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const rows = rowsOf(out);
    const row = (key: string) => rows.find((one) => one.key === key);
    expect(row("api_url")).toEqual({
      key: "api_url",
      value: "http://user.example",
      source: "user",
      origin: "~/.config/molecule.yaml:1",
    });
    expect(row("max_paused")).toMatchObject({ value: "2h", source: "user" });
    expect(row("interval_ms")).toMatchObject({
      value: 50,
      source: "project",
      origin: "./molecule.yaml:1",
    });
    expect(row("agent_name")).toMatchObject({
      value: "Ada",
      source: "env",
      origin: "MOL_AGENT_NAME",
    });
    expect(row("grace_secs")).toMatchObject({ value: 30, source: "default", origin: null });
    expect(row("org_id")).toMatchObject({ value: null, source: "unset", origin: null });
    expect(row("output")).toMatchObject({ value: "json", source: "flag", origin: "--output" });
    expect(new Set(rows.map(({ key }) => key)).size).toBe(rows.length);
  });

  test("tells of tokens whether they are set, and no more", async () => {
    using l = lab();
    const env = { MOLECULE_WORKSPACE_TOKEN: "tok-1234567890" };
    const { out } = await l.run("config list -o json", env);
    expect(rowsOf(out).slice(-3)).toEqual([
      { key: "token", value: "set", source: "env", origin: "MOLECULE_WORKSPACE_TOKEN" },
      { key: "store", value: "not set", source: "unset", origin: null },
      { key: "api_token", value: "not set", source: "unset", origin: null },
    ]);
    for (const argv of ["config list", "config view", "config view -o yaml", "config get token"]) {
      const { out: text, err } = await l.run(argv, env);
      expect(text + err).not.toContain("tok-1234567890");
    }
  });

  test("hides what an option of a backend may hold", async () => {
    using l = lab();
    l.write(
      l.user,
      "backend: http\nbackend_opt: {url: http://me:pw@x, header.authorization: Bearer abc}\n",
    );
    for (const argv of ["config list", "config get backend_opt", "config view -o json"]) {
      const { out } = await l.run(argv);
      expect(out).not.toContain("abc");
      expect(out).not.toContain("pw@");
      expect(out).toContain("header.authorization=[secret]");
    }
  });

  test("shows what an untrusted file would set, and warns of it", async () => {
    using l = lab();
    l.write(l.project, "backend: exec\nbackend_opt: [cmd=x]\n");
    const { code, out, err } = await l.run("config list -o json");
    expect(rowsOf(out).find(({ key }) => key === "backend_opt")).toMatchObject({
      value: ["cmd=x"],
      source: "project",
    });
    expect(err).toContain(
      'warning: ./molecule.yaml:1 sets backend to "exec", and that file is not trusted\n',
    );
    expect(code).toBe(0);
  });

  for (const argv of ["config list", "config view", "config get output"]) {
    test(`'${argv}' shows what there is beside a faulty file, and ends with 2`, async () => {
      using l = lab();
      l.write(l.user, "output: table\naip_url: x\n");
      const { code, out, err } = await l.run(argv);
      expect(out).toContain("table");
      expect(err).toStartWith('error: ~/.config/molecule.yaml:2: there is no key "aip_url"\n');
      expect(code).toBe(2);
    });
  }

  test("names a variable that has no meaning, and goes on", async () => {
    using l = lab();
    const { code, out, err } = await l.run("config list -o json", { MOL_MAX_ATTEMPTS: "many" });
    expect(rowsOf(out).find(({ key }) => key === "max_attempts")).toMatchObject({
      value: null,
      origin: "MOL_MAX_ATTEMPTS",
    });
    expect(err).toBe(
      'warning: MOL_MAX_ATTEMPTS must be a whole number in decimal digits, not "many"\n',
    );
    expect(code).toBe(0);
  });
});

describe("config get", () => {
  test("prints the value alone, or a record", async () => {
    using l = lab();
    l.write(
      l.user,
      "api_url: http://x.example\nbackend: exec\nbackend_opt: [cmd=a b, timeout=5m]\n",
    );
    expect((await l.run("config get api_url")).out).toBe("http://x.example\n");
    expect((await l.run("config get backend_opt")).out).toBe("cmd=a b\ntimeout=5m\n");
    expect((await l.run("config get max_attempts")).out).toBe("5\n");
    expect(JSON.parse((await l.run("config get api_url -o json")).out)).toEqual({
      key: "api_url",
      value: "http://x.example",
      source: "user",
      origin: "~/.config/molecule.yaml:1",
    });
  });

  const wrong: [key: string, code: number, err: string][] = [
    ["org_id", 1, 'error: "org_id" is not set\n'],
    ["api-url", 2, 'error: there is no key "api-url"\nhint: Did you mean "api_url"?\n'],
    ["token", 2, 'error: "token" is a token, and never shown\n'],
    ["once", 2, 'error: "once" can\'t be set in a config file\n'],
  ];
  for (const [key, code, err] of wrong) {
    test(`of ${key} ends with ${code}`, async () => {
      using l = lab();
      const ran = await l.run(`config get ${key}`);
      expect(ran.err).toStartWith(err);
      expect({ code: ran.code, out: ran.out }).toEqual({ code, out: "" });
    });
  }

  test("of what an untrusted file sets ends with 2, as the other commands do", async () => {
    using l = lab();
    l.write(l.project, "api_url: http://evil\n");
    const { code, out, err } = await l.run("config get api_url");
    expect(err).toStartWith(
      'error: ./molecule.yaml:1 sets api_url to "http://evil", and that file is not trusted\n',
    );
    expect({ code, out }).toEqual({ code: 2, out: "" });
  });
});

describe("config set", () => {
  posix("makes the user's file in a folder that is made, both for its owner alone", async () => {
    using l = lab();
    const { code, out } = await l.run("config set api_url http://x.example");
    expect({ code, out }).toEqual({ code: 0, out: "set api_url in ~/.config/molecule.yaml\n" });
    expect(l.read(l.user)).toBe("api_url: http://x.example\n");
    expect(statSync(l.user).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(l.user)).mode & 0o777).toBe(0o700);
  });

  test("leaves all else as it is", async () => {
    using l = lab();
    l.write(l.user, "# mine\napi_url: http://a # here\n\nmax_paused: 1h\n");
    await l.run("config set api_url http://b");
    await l.run("config set heartbeat_ms 5000");
    expect(l.read(l.user)).toBe(
      "# mine\napi_url: http://b # here\n\nmax_paused: 1h\nheartbeat_ms: 5000\n",
    );
    expect(readdirSync(dirname(l.user)).sort()).toEqual(["molecule", "molecule.yaml"]);
    expect(readdirSync(join(dirname(l.user), "molecule"))).toEqual(["config.lock"]);
  });

  test("of several at once loses no key", async () => {
    using l = lab();
    const pairs = [
      ["api_url", "http://x"],
      ["agent_name", "Ada"],
      ["output", "json"],
      ["log_format", "text"],
      ["max_attempts", "7"],
      ["max_paused", "2h"],
    ];
    await Promise.all(pairs.map((pair) => l.run(["config", "set", ...pair])));
    const set = l.read(l.user).trimEnd().split("\n");
    expect(set.sort()).toEqual(pairs.map(([key, value]) => `${key}: ${value}`).sort());
  });

  test("takes several values for a list, and one for all else", async () => {
    using l = lab();
    await l.run(["config", "set", "backend_opt", "cmd=./a.sh -x", "timeout=5m"]);
    expect(l.read(l.user)).toBe("backend_opt:\n  - cmd=./a.sh -x\n  - timeout=5m\n");
    const { code, err } = await l.run("config set agent_name Ada Lovelace");
    expect(err).toStartWith(
      "error: agent_name takes one value\nhint: Put a value with spaces into quotes.\n",
    );
    expect(code).toBe(2);
  });

  const refused: [argv: string, err: string][] = [
    ["config set aip_url x", 'there is no key "aip_url"\nhint: Did you mean "api_url"?\n'],
    [
      "config set token tok-1234567890",
      '"token" is not read: a secret does not belong in a config file\nhint: token_file',
    ],
    ["config set once true", '"once" can\'t be set in a config file\n'],
    ["config set api_url ftp://x", "api_url must begin with http:// or https://"],
    ["config set max_attempts 0", "max_attempts must be at least 1"],
    ["config set max_paused 30", "max_paused must be a duration"],
    ["config set api_url", "missing argument <value>...\n"],
  ];
  for (const [argv, message] of refused) {
    test(`'${argv}' is refused, and nothing is written`, async () => {
      using l = lab();
      const { code, err } = await l.run(argv);
      expect(err).toStartWith(`error: ${message}`);
      expect(code).toBe(2);
      expect(existsSync(l.user)).toBe(false);
    });
  }

  test("keeps a path right: absolute in the user's file, as it is in the project's", async () => {
    using l = lab();
    await l.run("config set token_file ./a.token");
    await l.run("config set api_token_file ~/b.token");
    await l.run("config set --project token_file ./a.token");
    expect(l.read(l.user)).toBe(
      `token_file: ${join(l.folder, "a.token")}\napi_token_file: ~/b.token\n`,
    );
    expect(l.read(l.project)).toBe("token_file: ./a.token\n");
    const { out } = await l.run("config get token_file");
    expect(out).toBe(`${join(l.folder, "a.token")}\n`);
  });

  test("mends a faulty file, key by key", async () => {
    using l = lab();
    l.write(l.user, "api_url: 5\nlabl: x\napi_url: 6\n");
    expect((await l.run("config set api_url http://x")).code).toBe(0);
    expect((await l.run("config unset labl")).code).toBe(0);
    expect(l.read(l.user)).toBe("api_url: http://x\n");
    expect((await l.run("config list")).code).toBe(0);
  });

  test("does not touch a file that it can't understand", async () => {
    using l = lab();
    l.write(l.user, "api_url: [\n");
    const { code, err } = await l.run("config set api_url http://x");
    expect(err).toStartWith("error: ~/.config/molecule.yaml:");
    expect(code).toBe(2);
    expect(l.read(l.user)).toBe("api_url: [\n");
  });

  posix("writes through a link, and keeps the mode of the file", async () => {
    using l = lab();
    const real = l.write(join(l.home, "dotfiles", "m.yaml"), "api_url: http://a\n");
    chmodSync(real, 0o640);
    mkdirSync(dirname(l.user));
    symlinkSync(real, l.user);
    await l.run("config set api_url http://b");
    expect(lstatSync(l.user).isSymbolicLink()).toBe(true);
    expect(l.read(real)).toBe("api_url: http://b\n");
    expect(statSync(real).mode & 0o777).toBe(0o640);
  });

  asUser("says that it can't write, and leaves nothing behind", async () => {
    using l = lab();
    mkdirSync(dirname(l.user));
    chmodSync(dirname(l.user), 0o500);
    const { code, err } = await l.run("config set api_url http://b");
    expect(err).toStartWith("error: ~/.config/molecule.yaml can't be written (EACCES)\n");
    expect(code).toBe(1);
    chmodSync(dirname(l.user), 0o700);
    expect(readdirSync(dirname(l.user))).toEqual([]);
  });

  test("writes the file that --config or --project says, and takes one of the two", async () => {
    using l = lab();
    const other = join(l.home, "other.yaml");
    await l.run(["config", "set", "log_format", "json", "--config", other]);
    expect(l.read(other)).toBe("log_format: json\n");
    await l.run(["config", "set", "--project", "log_format", "text"]);
    expect(l.read(l.project)).toBe("log_format: text\n");
    const both = await l.run([
      "config",
      "set",
      "--project",
      "log_format",
      "text",
      "--config",
      other,
    ]);
    expect(both.code).toBe(2);
    expect((await l.run("config path")).out).toBe(`${l.user}\n`);
    expect((await l.run("config path --project -o json")).out).toContain(`"${l.project}"`);
  });

  test("warns when something else stands before it", async () => {
    using l = lab();
    const variable = await l.run("config set api_url http://x", { MOLECULE_API_URL: "http://y" });
    expect(variable.err).toBe(
      "warning: it does not count in this folder: MOLECULE_API_URL stands before it\n",
    );
    l.write(l.project, "output: json\n");
    const file = await l.run("config set output yaml -o table");
    expect(file.err).toContain(
      "warning: it does not count in this folder: --output stands before it\n",
    );
  });
});

describe("config unset", () => {
  test("removes a key, and says where there is none", async () => {
    using l = lab();
    l.write(l.user, "api_url: http://a\noutput: table\n");
    expect((await l.run("config unset api_url")).out).toBe(
      "removed api_url from ~/.config/molecule.yaml\n",
    );
    expect(l.read(l.user)).toBe("output: table\n");
    const again = await l.run("config unset api_url");
    expect(again).toMatchObject({ code: 0, out: "api_url is not in ~/.config/molecule.yaml\n" });
    expect((await l.run("config unset --project api_url")).code).toBe(0);
    expect(existsSync(l.project)).toBe(false);
  });
});

test("a project's file may set how things look, and nothing else unasked", async () => {
  await loadAll(CLI.root);
  const sets = [CLI.globals, ...walk(CLI.root).map(({ node }) => commandAt(node)?.args ?? {})];
  const flags = sets.flatMap((set) => Object.entries(set));
  const free = new Set(flags.filter(([, { config }]) => config === "free").map(([n]) => snake(n)));
  const looks = ["agent_name", "headers", "log_format", "output", "progress", "verbose"];
  expect([...free].toSorted()).toEqual(looks);
});

describe("config trust", () => {
  test("shows what the file sets, and lets it count", async () => {
    using l = lab();
    l.write(l.project, "backend: exec\nbackend_opt: [cmd=./a.sh]\nagent_name: Ada\n");
    const { code, out, err } = await l.run("config trust");
    expect(out.split("\n")).toEqual([
      "KEY          LINE  NEEDS TRUST  VALUE",
      "backend      1     yes          exec",
      "backend_opt  2     yes          cmd=./a.sh",
      "agent_name   3     no           Ada",
      "",
    ]);
    expect(err).toBe(
      "./molecule.yaml is trusted as it is now; molecule config trust --remove takes that back\n",
    );
    expect(code).toBe(0);
    expect((await l.run("config get backend")).out).toBe("exec\n");
    if (!WINDOWS) expect(statSync(l.trusted).mode & 0o777).toBe(0o600);
  });

  const hidden: [what: string, value: string, shown: string][] = [
    [
      "a command behind many spaces",
      `cmd=cat${" ".repeat(300)}; touch x`,
      `"cmd=cat ${"\\u0020".repeat(299)}; touch x"`,
    ],
    ["a second line", "cmd=cat # answers\ntouch x", '"cmd=cat # answers\\ntouch x"'],
    [
      "a command in the place of a password",
      "cmd=cat http://a:$(touch x)@b; rm -rf @c",
      '"cmd=cat http://a:$(touch x)@b; rm -rf @c"',
    ],
    ["two texts that look like one", "cmd=a timeout=5s", '"cmd=a timeout=5s"'],
    ["what looks like a space", "cmd=cat\u00a0\u3164x", '"cmd=cat\\u00a0\\u3164x"'],
    ["a line that runs the other way", "cmd=cat א;x", '"cmd=cat \\u05d0;x"'],
    ["what looks like nothing", "cmd=cat\u200b\u2800x", '"cmd=cat\\u200b\\u2800x"'],
    ["a letter that is none", "cmd\u3164", '"cmd\\u3164"'],
    ["a letter that looks like another", "cmd=c\u0430t", '"cmd=c\\u0430t"'],
  ];
  for (const [what, value, shown] of hidden) {
    test(`shows ${what}, in the table and in a refusal`, async () => {
      using l = lab();
      l.write(l.project, `backend: exec\nbackend_opt: [${JSON.stringify(value)}]\n`);
      const { out } = await l.run("config trust");
      expect(out).toContain(`  ${shown}\n`);
      l.write(l.project, `backend_opt: [${JSON.stringify(value)}]\nbackend: exec\n`);
      const { err } = await l.run("config get backend_opt");
      const told = value.includes("@") ? "http://[secret]@c" : shown;
      expect(err).toContain(told.slice(0, 400));
      for (const [form, parse] of [
        ["json", JSON.parse],
        ["yaml", Bun.YAML.parse],
      ] as const) {
        const said = (await l.run(`config trust -o ${form}`)).out;
        expect(said).toContain(JSON.parse(`[${JSON.stringify(shown)}]`)[0]);
        expect(said).not.toMatch(/[^\n -~]|\S  /);
        const data = parse(said) as any;
        expect(data.sets[0]).toMatchObject({ key: "backend_opt", value: [value] });
      }
    });
  }

  test("shows it in the operator's form, whatever the file sets for that", async () => {
    using l = lab();
    l.write(l.project, "output: json\nheaders: false\nbackend: exec\n");
    expect((await l.run("config trust")).out).toStartWith("KEY      LINE");
    expect((await l.run("config trust --no-headers")).out).toStartWith("output ");
    expect((await l.run("config trust -o yaml")).out).toStartWith("file: ");
  });

  test.each(["table", "json"])("does not trust what could not be shown (-o %s)", async (form) => {
    using l = lab();
    l.write(l.project, "backend: exec\n");
    const out = () => Promise.reject(new Error("no room"));
    await l.run(`config trust -o ${form}`, {}, out).catch(() => {});
    expect(existsSync(l.trusted)).toBe(false);
  });

  test("hides what an option may hold that is a secret by its name, and a plain password", async () => {
    using l = lab();
    l.write(l.project, "backend: http\nbackend_opt: {url: http://me:pw@x, header.cookie: abc d}\n");
    expect((await l.run("config trust")).out).toContain(
      "  url=http://[secret]@x header.cookie=[secret]\n",
    );
  });

  test("ends with a change by hand, but not with one by config set", async () => {
    using l = lab();
    l.write(l.project, "\ufeffbackend: exec\n");
    await l.run("config trust");
    expect((await l.run("config set --project backend mock")).err).toBe("");
    expect((await l.run("config unset --project backend")).code).toBe(0);
    expect((await l.run("config set --project backend http")).err).toBe("");
    expect((await l.run("config get backend")).out).toBe("http\n");
    l.write(l.project, `${l.read(l.project)}\n# by hand\n`);
    expect((await l.run("config get backend")).code).toBe(2);
    const set = await l.run("config set --project backend exec");
    expect(set.err).toContain("that file has changed since it was trusted");
    expect((await l.run("config get backend")).code).toBe(2);
  });

  test("a file that config set has made is trusted, and one that was there is not", async () => {
    using l = lab();
    await l.run("config set --project backend exec");
    expect((await l.run("config get backend")).out).toBe("exec\n");
    using other = lab();
    other.write(other.project, "api_url: http://evil\n");
    await other.run("config set --project backend exec");
    expect((await other.run("config get api_url")).code).toBe(2);
  });

  test("is taken back by --remove, also of a file that is gone", async () => {
    using l = lab();
    l.writeTrusted("backend: exec\n");
    expect((await l.run("config trust --remove")).out).toBe(
      "./molecule.yaml is not trusted any more\n",
    );
    expect((await l.run("config get backend")).code).toBe(2);
    const again = await l.run("config trust --remove");
    expect(again).toMatchObject({ code: 1, err: "error: ./molecule.yaml is not trusted anyway\n" });
    await l.run(["config", "trust", l.project]);
    const { rmSync } = await import("node:fs");
    rmSync(l.project);
    expect((await l.run(["config", "trust", "--remove", l.project])).code).toBe(0);
    expect(l.read(l.trusted)).toBe('{\n  "files": {}\n}\n');
  });

  test("is not given to a file that is faulty, or not there", async () => {
    using l = lab();
    expect((await l.run("config trust")).err).toStartWith(
      "error: there is no file ./molecule.yaml\n",
    );
    l.write(l.project, "aip_url: x\n");
    const { code, err } = await l.run("config trust");
    expect(err).toStartWith('error: ./molecule.yaml:1: there is no key "aip_url"\n');
    expect(code).toBe(2);
    expect(existsSync(l.trusted)).toBe(false);
  });

  test("does not overwrite a list that it can't understand", async () => {
    using l = lab();
    l.write(l.project, "backend: exec\n");
    l.write(l.trusted, "{");
    expect((await l.run("config trust")).code).not.toBe(0);
    expect(l.read(l.trusted)).toBe("{");
  });
});

describe("config view", () => {
  test("tells of files, variables and tokens", async () => {
    using l = lab();
    l.write(l.project, "backend: exec\ntoken_file: ./t\n");
    const env = { MOLECULE_API_TOKEN: "tok-1234567890", MOL_OUTPUT: "table" };
    const before = await l.run("config view", env);
    expect(before.out).toContain("  ./molecule.yaml          read, not trusted\n");
    expect(before.out).toContain("  ~/.config/molecule.yaml  not there\n");
    await l.run("config trust");
    const { out } = await l.run("config view", env);
    expect(out).toContain("  ./molecule.yaml          read, trusted\n");
    expect(out).toContain("Variables that count: MOLECULE_API_TOKEN, MOL_OUTPUT\n");
    expect(out).toContain(
      `  workspace              the file ${join(l.folder, "t")} (./molecule.yaml:2)\n`,
    );
    expect(out).toContain("  admin or organisation  MOLECULE_API_TOKEN\n");
    expect(out).toContain("  backend     exec  ");
    const data = JSON.parse((await l.run("config view -o json", env)).out);
    expect(data.files).toMatchObject([
      { path: "./molecule.yaml", kind: "project", exists: true, trusted: true, problems: [] },
      { path: "~/.config/molecule.yaml", kind: "user", exists: false },
    ]);
    expect(data.variables).toEqual(["MOLECULE_API_TOKEN", "MOL_OUTPUT"]);
  });

  test("names the line of what is faulty", async () => {
    using l = lab();
    l.write(l.user, "\nonce: true\n");
    const { code, out } = await l.run("config view");
    expect(out).toContain(
      '  ~/.config/molecule.yaml  faulty: line 2: "once" can\'t be set in a config file\n',
    );
    expect(code).toBe(2);
  });
});

describe("init", () => {
  test("writes comments alone, which the program can read, and every one of them as a key", async () => {
    using l = lab();
    const { code, out } = await l.run("init");
    expect({ code, out }).toEqual({ code: 0, out: "wrote ./molecule.yaml; it sets nothing yet\n" });
    const text = l.read(l.project);
    expect((await l.run("config view")).out).toContain("Nothing is set");
    for (const line of text.split("\n")) {
      expect(line).toMatch(/^(#.*)?$/);
      expect(line.length).toBeLessThanOrEqual(100);
    }
    // As somebody would who takes the marks away.
    const shown = text.split("\n").filter((line) => /^# ([a-z_]+:|  - )/.test(line));
    l.write(l.project, shown.map((line) => line.slice(2)).join("\n"));
    expect((await l.run("config trust -o table")).err).toContain("is trusted as it is now");
  });

  test("sets what is given by flags, and no more; the file is trusted at once", async () => {
    using l = lab();
    const argv =
      "init --api-url http://x.example --backend exec --backend-opt cmd=./a.sh --token-file ./t";
    const { code } = await l.run(argv, { MOL_AGENT_NAME: "Ada", MOLECULE_ORG_ID: "o" });
    expect(code).toBe(0);
    const set = l
      .read(l.project)
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    expect(set).toEqual([
      "api_url: http://x.example",
      "token_file: ./t",
      "backend: exec",
      "backend_opt:",
      "  - cmd=./a.sh",
    ]);
    expect((await l.run("config get backend")).out).toBe("exec\n");
  });

  test("leaves a file that is there, unless --force replaces it", async () => {
    using l = lab();
    l.write(l.project, "mine\n");
    const { code, err } = await l.run("init");
    expect(err).toBe(
      "error: ./molecule.yaml is there already\nhint: molecule config set changes it; --force replaces it.\n",
    );
    expect(code).toBe(1);
    expect(l.read(l.project)).toBe("mine\n");
    expect((await l.run("init --force")).code).toBe(0);
    expect(l.read(l.project)).toStartWith("# Config of molecule.");
  });

  test("refuses options that the backend does not have", async () => {
    using l = lab();
    const { code } = await l.run("init --backend exec --backend-opt nope=1");
    expect(code).toBe(2);
    expect((await l.run("init --backend exce")).code).toBe(2);
    expect(existsSync(l.project)).toBe(false);
  });

  test("takes no --config; config init writes that file, or the user's", async () => {
    using l = lab();
    const other = join(l.home, "other.yaml");
    expect((await l.run(["init", "--config", other])).code).toBe(2);
    await l.run(["config", "init", "--config", other, "--token-file", "t"]);
    expect(l.read(other)).toContain(`\ntoken_file: ${join(l.folder, "t")}\n`);
    expect((await l.run("config init --org-id o1")).out).toBe("wrote ~/.config/molecule.yaml\n");
    expect((await l.run("config get org_id")).out).toBe("o1\n");
    expect(existsSync(l.project)).toBe(false);
  });
});

describe("where there is nothing to change, nothing is made", () => {
  for (const argv of ["config unset org_id", "config trust --remove", "init"]) {
    test(`by '${argv}'`, async () => {
      using l = lab();
      if (argv === "init") l.write(l.project, "mine\n");
      const home = join(l.home, "missing");
      await l.run(argv, { HOME: home, USERPROFILE: home });
      expect(existsSync(home)).toBe(false);
    });
  }

  test("by 'config unset' of what a file does not set", async () => {
    using l = lab();
    l.write(l.user, "org_id: o\n");
    expect((await l.run("config unset api_url")).code).toBe(0);
    expect(readdirSync(dirname(l.user))).toEqual(["molecule.yaml"]);
  });
});

test("of several inits at once one writes the file", async () => {
  using l = lab();
  const hosts = ["a", "b", "c"];
  const runs = await Promise.all(
    hosts.map((host) => l.run(`init --api-url http://${host}.example`)),
  );
  expect(runs.map(({ code }) => code).sort()).toEqual([0, 1, 1]);
  const winner = hosts[runs.findIndex(({ code }) => code === 0)];
  expect(l.read(l.project)).toContain(`api_url: http://${winner}.example\n`);
});

test("each key of a file has one meaning, whichever command reads it", async () => {
  await loadAll(CLI.root);
  const known = new Map<string, unknown>();
  const sets = [CLI.globals, ...walk(CLI.root).map(({ node }) => commandAt(node)?.args ?? {})];
  for (const flags of sets) {
    for (const [name, { config, kind, defaultText, env, complete }] of Object.entries(flags)) {
      if (config === undefined) continue;
      const isPath = complete === "file" || complete === "folder";
      const meaning = { name, config, kind, defaultText, env, isPath };
      expect(known.get(snake(name)) ?? meaning).toEqual(meaning);
      known.set(snake(name), meaning);
    }
  }
  expect(known.size).toBeGreaterThan(25);
});
