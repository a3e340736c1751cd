/** What is wrong with a file is told with its line, and ends the commands that need config. */
import { describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, symlinkSync } from "node:fs";
import { dirname } from "node:path";
import { onlyWhere, onPosix, WINDOWS } from "../../harness/platform.ts";
import { readConfigFile } from "../../../src/cli/config/read-file.ts";
import { CLI } from "../../../src/commands/cli.ts";
import { ConfigLab } from "./config-lab.ts";

const posix = onPosix("Windows has no pipes or modes in its file system").test;
const asUser = onlyWhere(!WINDOWS && process.geteuid?.() !== 0, "root may read everything").test;
const asRoot = onlyWhere(process.geteuid?.() === 0, "only root can give files away").test;

const cases: [what: string, yaml: string, err: RegExp][] = [
  [
    "an unknown key",
    "count: 1\n\naip_url: x\n",
    /^error: .*:3: there is no key "aip_url"\nhint: Did you mean "api_url"\?\n$/,
  ],
  ["a flag's name as it is typed", "api-url: http://x\n", /Did you mean "api_url"\?/],
  ["a key like a method", "constructor: 1\n", /there is no key "constructor"/],
  ["a prototype", "__proto__: {count: 1}\n", /there is no key "__proto__"/],
  ["a merge", "<<: {count: 1}\n", /there is no key "<<"/],
  [
    "a flag that is said anew each time",
    "once: true\n",
    /:1: "once" can't be set in a config file\nhint: .*--once\./,
  ],
  [
    "a token",
    "token: abc-def-ghi\n",
    /:1: "token" is not read: a secret does not belong in a config file\nhint: token_file names a file that holds it\./,
  ],
  ["a key twice", "count: 1\ncount: 2\n", /:2: "count" is set a second time, after line 1\n/],
  ["a value out of range", "count: 0\n", /:1: count must be at least 1, not "0"\n/],
  ["a word for a number", "count: many\n", /:1: count must be a whole number/],
  [
    "an exponent for a number",
    "count: 1e1\n",
    /:1: count must be a whole number in decimal digits, not "1e1"/,
  ],
  ["a number for a duration", "grace: 30\n", /:1: grace must be a duration such as 30s/],
  ["YAML 1.1's words for truth", "sound: yes\n", /:1: sound must be true or false, not "yes"/],
  [
    "a word that is nearly right",
    "color: bleu\n",
    /must be one of red, blue, not "bleu"\nhint: Did you mean "blue"\?/,
  ],
  ["what its check refuses", "api_url: ftp://x\n", /:1: api_url must be an http or https address/],
  ["a list for one value", "count: [1]\n", /:1: count must be one value, not a list\n/],
  ["a mapping for one value", "count: {a: 1}\n", /:1: count must be one value, not a mapping\n/],
  ["a mapping for a plain list", "tags: {a: 1}\n", /:1: tags must be a list, not a mapping\n/],
  ["a list within a list", "tags: [[a]]\n", /:1: tags holds a list or mapping within another\n/],
  ["a pair twice", "backend_opt: {a: 1, a: 2}\n", /:1: backend_opt holds "a" twice\n/],
  ["no value", "count:\n", /:1: count has no value\n/],
  ["null", "count: ~\n", /:1: count has no value\n/],
  ["an empty value", "label: ''\n", /:1: label is empty\n/],
  ["two lines for one value", "label: |\n  a\n  b\n", /:1: label must be one line, without tabs\n/],
  ["an anchor's alias", "label: &a x\ncolor: *a\n", /:2: color is an alias/],
  ["a tag", "count: !!int 5\n", /:1: count has a tag/],
  ["a tag of one's own", "label: !secret x\n", /:1: label has a tag/],
  ["an escaped control character", 'label: "a\\0b"\n', /:1: label holds a control character\n/],
  ["a key that is a list", "? [a]\n: 1\n", /:1: a key must be a plain word\n/],
  ["a list", "- a\n", /:1: it must be lines of the form key: value\n/],
  ["a bare word", "hello\n", /:1: it must be lines of the form key: value\n/],
  ["a tab", "tags:\n\t- a\n", /:2: a tab can't indent a line in YAML\n/],
  ["two documents", "count: 1\n---\ncount: 2\n", /:2: it holds more than one document\n/],
  [
    "a second document without its mark",
    "count: 1\n...\nlabel: x\n",
    /:3: it holds more than one document\n/,
  ],
  [
    "an open bracket",
    "count: 1\ntags: [a, b\n",
    /:\d: a line is indented wrongly, or a bracket is not closed\n/,
  ],
  ["an open quote", "label: 'a\n", /: a quote, a bracket or a colon is missing\n/],
  [
    "a colon in a bare text",
    "label: a: b\n",
    /:1: a line has two keys; a text that holds ': ' needs quotes\n/,
  ],
  ["a line without a colon", "count\nlabel: x\n", /:1: a line has no colon after its key\n/],
  ["NUL", "count: 1\nlabel: a\0b\n", /:2: it holds a NUL character\n/],
];

describe("a file is refused for", () => {
  for (const [what, yaml, err] of cases) {
    test(what, async () => {
      using lab = new ConfigLab();
      lab.write(lab.user, yaml);
      const ran = await lab.run("idle");
      expect(ran.err).toMatch(err);
      expect(ran.err).toStartWith("error: ~/.config/molecule.yaml:");
      expect(ran.err).not.toContain("--help");
      expect(ran.code).toBe(2);
    });
  }

  test("other than text in UTF-8", async () => {
    using lab = new ConfigLab();
    lab.write(lab.user, new Uint8Array([0xff, 0xfe, 0x61, 0]));
    expect((await lab.run("idle")).err).toStartWith(
      "error: ~/.config/molecule.yaml: is not text in UTF-8\n",
    );
  });

  test("more than 1 MiB, but not for less", async () => {
    using lab = new ConfigLab();
    lab.write(lab.user, `count: 2\n#${" ".repeat(1024 * 1024 - 11)}\n`);
    expect((await lab.run("work")).values["count"]).toBe(2);
    lab.write(lab.user, `count: 2\n#${" ".repeat(1024 * 1024 - 10)}\n`);
    expect((await lab.run("work")).err).toContain("molecule.yaml: is larger than 1 MiB\n");
  });

  test("a folder in its place", async () => {
    using lab = new ConfigLab();
    mkdirSync(lab.project);
    const { code, err } = await lab.run("idle");
    expect(err).toStartWith("error: ./molecule.yaml: ");
    expect(code).toBe(2);
  });

  posix("a pipe in its place, without waiting for its other end", async () => {
    using lab = new ConfigLab();
    Bun.spawnSync(["mkfifo", lab.project]);
    expect((await lab.run("idle")).err).toStartWith(
      "error: ./molecule.yaml: is not a plain file\n",
    );
  });

  posix("others who may write the user's file", async () => {
    using lab = new ConfigLab();
    lab.write(lab.user, "count: 2\n");
    chmodSync(lab.user, 0o602);
    const { code, err } = await lab.run("idle");
    expect(err).toBe(
      "error: ~/.config/molecule.yaml: can be written by others, and is not read\nhint: chmod 600 mends it.\n",
    );
    expect(code).toBe(2);
    chmodSync(lab.user, 0o644);
    expect((await lab.run("work")).values["count"]).toBe(2);
  });

  asRoot("another user's file, or link", async () => {
    const { chownSync, lchownSync } = await import("node:fs");
    using lab = new ConfigLab();
    lab.write(lab.project, "count: 2\n");
    chownSync(lab.project, 12_345, 12_345);
    const file = await lab.run("idle");
    expect(file.err).toStartWith(
      "error: ./molecule.yaml: belongs to another user (12345), and is not read\n",
    );
    expect(file.code).toBe(2);
    expect((await lab.run(["work", "--config", lab.project])).values["count"]).toBe(2);
    const own = lab.write(lab.user, "count: 3\n");
    using other = new ConfigLab();
    symlinkSync(own, other.project);
    expect((await other.run("work")).values["count"]).toBe(3);
    lchownSync(other.project, 12_345, 12_345);
    expect((await other.run("work")).err).toContain("belongs to another user (12345)");
  });

  asUser("what this user may not read", async () => {
    using lab = new ConfigLab();
    lab.write(lab.user, "count: 2\n");
    chmodSync(lab.user, 0o000);
    expect((await lab.run("idle")).err).toStartWith(
      "error: ~/.config/molecule.yaml: can't be read (EACCES)\n",
    );
  });
});

test("all problems are told at once, up to five, each with its own hint", async () => {
  using lab = new ConfigLab();
  lab.write(lab.user, Array.from({ length: 7 }, (_, i) => `coun${i}: 1\n`).join(""));
  const { err } = await lab.run("idle");
  expect(err.split("\n").slice(0, 7)).toEqual([
    'error: ~/.config/molecule.yaml:1: there is no key "coun0"',
    ...[2, 3, 4, 5].map((n) => `~/.config/molecule.yaml:${n}: there is no key "coun${n - 1}"`),
    "and 2 more",
    'hint: ~/.config/molecule.yaml:1: Did you mean "count"?',
  ]);
});

test("a token in a file is in no message, whatever is wrong beside it", async () => {
  const token = "tok-1234567890";
  for (const yaml of [
    `token: ${token}\nlabel: &a ${token}\n`,
    `token: ${token}\ncolor: ${token}\n`,
    `label: ${token}: x\n`,
    `label: [${token}\n`,
    `${token}\nlabel: x\n`,
    `tags: {a: {b: ${token}}}\n`,
    `label: "\\q${token}"\n`,
  ]) {
    using lab = new ConfigLab();
    lab.write(lab.user, yaml);
    const { code, out, err } = await lab.run("idle");
    expect(out + err).not.toContain(token);
    expect(code).toBe(2);
  }
});

describe("a faulty file", () => {
  const faulty = "count: 4\nlabl: x\n";

  test("does not stop a command that is lenient: it warns, and takes what is right", async () => {
    using lab = new ConfigLab();
    lab.write(lab.user, faulty);
    const { code, err, values } = await lab.run("mend");
    expect(err).toBe(
      'warning: ~/.config/molecule.yaml:2: there is no key "labl" (Did you mean "label"?)\n',
    );
    expect(values["count"]).toBe(4);
    expect(code).toBe(0);
  });

  for (const command of ["look", "blind", "work --help", "--version", ""]) {
    test(`is nothing to '${command}'`, async () => {
      using lab = new ConfigLab();
      lab.write(lab.user, faulty);
      const { code, err } = await lab.run(command);
      expect(err).toBe("");
      expect(code).toBe(0);
    });
  }

  test("is told of before a value that is wrong in it is used", async () => {
    using lab = new ConfigLab();
    lab.write(lab.user, "count: 0\n");
    expect((await lab.run("work --count 3")).code).toBe(2);
    expect((await lab.run("mend")).values["count"]).toBe(5);
  });

  test("and a good one beside it: the good one counts where the command is lenient", async () => {
    using lab = new ConfigLab();
    lab.write(lab.project, "count: [\n");
    lab.write(lab.user, "count: 2\n");
    expect((await lab.run("mend")).values["count"]).toBe(2);
    expect((await lab.run("work")).err).toStartWith("error: ./molecule.yaml:");
  });
});

test("the folders on the way need not be there, nor be folders", async () => {
  using lab = new ConfigLab();
  lab.write(dirname(lab.user), "no folder");
  const { code, err } = await lab.run("idle");
  expect({ code, err }).toEqual({ code: 0, err: "" });
});

posix("a pipe that --config names is read, and not waited for without end", async () => {
  using lab = new ConfigLab();
  const path = `${lab.folder}/pipe`;
  expect(Bun.spawnSync(["mkfifo", path]).success).toBe(true);
  const place = { kind: "file", path, shown: path } as const;
  const late = readConfigFile(place, 50);
  expect("problem" in late && late.problem.message).toStartWith("had no end within 0.05 s");
  // It begins, thinks, and goes on.
  const script = 'exec > "$0"; printf "label: "; sleep 0.1; echo here';
  const writer = Bun.spawn(["sh", "-c", script, path]);
  const read = readConfigFile(place, 60_000);
  expect("bytes" in read && read.bytes.toString()).toBe("label: here\n");
  await writer.exited;
});

posix("what came through a pipe counts for the whole of a command", async () => {
  using lab = new ConfigLab(CLI);
  const path = `${lab.folder}/pipe`;
  expect(Bun.spawnSync(["mkfifo", path]).success).toBe(true);
  const writer = Bun.spawn(["sh", "-c", 'echo "agent_name: Ada" > "$0"', path]);
  const { out, err } = await lab.run(`config list --config ${path} -o json`);
  expect(err).toBe("");
  const row = JSON.parse(out).find(({ key }: { key: string }) => key === "agent_name");
  expect(row).toMatchObject({ value: "Ada", source: "file" });
  await writer.exited;
});
