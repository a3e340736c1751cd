/** `molecule config` and `molecule init` where a file lists workspaces. */
import { describe, expect, test } from "bun:test";
import { CLI } from "../../../../src/commands/cli.ts";
import { ConfigLab } from "../../cli/config-lab.ts";

const A = "0f8fad5b-d9cb-469f-a165-70867728950e";
const B = "7c9e6679-7425-40de-944b-e07fc1f90ae7";

const LIST = `workspaces: # ours
  - id: ${A}
    backend: http
    backend_opt:
      url: http://name:hunter22@localhost
      header.authorization: Bearer canary
  # the second
  - id: ${B}
    concurrency: 3
`;

const lab = () => new ConfigLab(CLI);

describe("what is set is shown", () => {
  test("in a table by how many there are", async () => {
    using l = lab();
    l.write(l.user, LIST);
    const { code, out, err } = await l.run("config list");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/^workspaces +2 items +user +~\/\.config\/molecule\.yaml:1$/m);
    const view = await l.run("config view");
    expect(view.code).toBe(0);
    expect(view.out).toMatch(/^ +workspaces +2 items +~\/\.config\/molecule\.yaml:1$/m);
  });

  test("one in a line by get, and whole as data, without what is secret", async () => {
    using l = lab();
    l.write(l.user, LIST);
    const { code, out } = await l.run("config get workspaces");
    expect(code).toBe(0);
    expect(out.trimEnd().split("\n")).toEqual([
      `id=${A} backend=http backend_opt=url=http://[secret]@localhost backend_opt=header.authorization=[secret]`,
      `id=${B} concurrency=3`,
    ]);
    const data = JSON.parse((await l.run("config get workspaces -o json")).out);
    expect(data).toMatchObject({ key: "workspaces", source: "user" });
    expect(data.value).toEqual([
      {
        id: A,
        backend: "http",
        backend_opt: ["url=http://[secret]@localhost", "header.authorization=[secret]"],
      },
      { id: B, concurrency: "3" },
    ]);
    for (const output of ["json", "yaml"]) {
      const all = await l.run(`config view -o ${output}`);
      expect(all.code).toBe(0);
      expect(all.out).toContain(B);
      expect(all.out + out).not.toMatch(/canary|hunter22/);
    }
  });

  test("and that nothing is", async () => {
    using l = lab();
    const { code, err } = await l.run("config get workspaces");
    expect(code).toBe(1);
    expect(err).toContain('"workspaces" is not set');
    expect((await l.run("config list")).out).toMatch(/^workspaces +- +unset/m);
  });

  test("and why it does not count", async () => {
    using l = lab();
    l.write(l.project, LIST);
    const { code, err } = await l.run("config list");
    expect(code).toBe(0);
    expect(err).toContain("./molecule.yaml:1 sets workspaces to a list of 2, and that file is not");
  });
});

test("trust shows every value of every item before it counts", async () => {
  using l = lab();
  l.write(l.project, LIST);
  const { code, out } = await l.run("config trust");
  expect(code).toBe(0);
  expect(out).toMatch(new RegExp(`^workspaces\\[0\\]\\.id +2 +yes +${A}$`, "m"));
  expect(out).toMatch(/^workspaces\[0\]\.backend_opt +4 +yes +url=http:\/\/\[secret\]@localhost /m);
  expect(out).toMatch(/^workspaces\[1\]\.concurrency +9 +yes +3$/m);
  expect(out).not.toContain("canary");
  expect((await l.run("config list")).err).toBe("");
});

describe("a change", () => {
  test("of another key leaves the list as it is", async () => {
    using l = lab();
    l.write(l.user, LIST);
    expect((await l.run("config set agent_name Ada")).code).toBe(0);
    expect(l.read(l.user)).toBe(`${LIST}agent_name: Ada\n`);
    expect((await l.run("config unset agent_name")).code).toBe(0);
    expect(l.read(l.user)).toBe(LIST);
  });

  test("of the list itself is made by hand", async () => {
    using l = lab();
    l.write(l.user, LIST);
    const { code, err } = await l.run("config set workspaces x");
    expect(code).toBe(2);
    expect(err).toContain("workspaces is a list of items, which no command can set");
    expect(l.read(l.user)).toBe(LIST);
  });

  test("removes it whole", async () => {
    using l = lab();
    l.write(l.user, `interval_ms: 50\n${LIST}wake: "off"\n`);
    expect((await l.run("config unset workspaces")).code).toBe(0);
    expect(l.read(l.user)).toBe('interval_ms: 50\nwake: "off"\n');
  });
});

test("init shows how a list looks, and what it shows is one", async () => {
  using l = lab();
  expect((await l.run("init")).code).toBe(0);
  const text = l.read(l.project);
  const example = text.slice(text.indexOf("# workspaces:")).replaceAll(/^# /gm, "");
  l.writeTrusted(example);
  const { code, out } = await l.run("config get workspaces");
  expect(code).toBe(0);
  expect(out.trimEnd().split("\n")).toHaveLength(2);
});
