/** scripts/install.sh where all goes well: from where it takes a release, and what it says. */
import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { BINARY } from "../../scripts/set-up.ts";
import { Lab, SCRIPT } from "./install-lab.ts";
import {
  archive,
  archiveName,
  listed,
  program,
  release,
  ReleaseServer,
  RELEASES,
} from "./install-release.ts";

const HASHERS = ["sha256sum", "shasum", "openssl"];

describe.skipIf(process.platform === "win32")("install.sh", () => {
  test("installs from a server, and the program runs", async () => {
    using lab = new Lab();
    using server = new ReleaseServer(release());
    const { code, stderr } = await lab.install({ env: { MOLECULE_BASE_URL: `${server.url}/` } });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).toContain(`molecule 9.9.9 is installed: ${lab.target}`);
    expect(Bun.spawnSync([lab.target, "--version"]).stdout.toString()).toBe(
      "molecule 9.9.9 (abcdef0)\n",
    );
    expect(statSync(lab.target).mode & 0o777).toBe(0o755);
    expect(server.names).toEqual(["checksums.txt", archiveName()]);
  });

  test.each(["path", "relative path", "file address"])(
    "installs from a folder: %s",
    async (how) => {
      using lab = new Lab();
      lab.publish(release());
      lab.unlink("curl", "wget");
      const base = {
        path: lab.release,
        "relative path": "../release",
        "file address": `file://${lab.release}`,
      }[how]!;
      const { code } = await lab.install({ env: { MOLECULE_BASE_URL: base } });
      expect(code).toBe(0);
      expect(lab.installed).toBe(program());
    },
  );

  test.each(
    [
      ["curl", "wget"],
      ["wget", "curl"],
    ].filter(([tool = ""]) => Bun.which(tool) !== null) as [string, string][],
  )("%s alone is enough", async (_, gone) => {
    using lab = new Lab();
    using server = new ReleaseServer(release());
    lab.unlink(gone);
    const { code, stderr } = await lab.install({ env: { MOLECULE_BASE_URL: server.url } });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(lab.installed).toBe(program());
  });

  test.each(HASHERS.filter((tool) => Bun.which(tool) !== null))(
    "%s alone is enough",
    async (kept) => {
      using lab = new Lab();
      lab.publish(release());
      lab.unlink(...HASHERS.filter((name) => name !== kept));
      const { code, stderr } = await lab.install({ env: { MOLECULE_BASE_URL: lab.release } });
      expect({ code, stderr }).toMatchObject({ code: 0 });
      expect(lab.installed).toBe(program());
    },
  );

  test("the newest release is learnt once, and then asked for by its version", async () => {
    using lab = new Lab();
    const files = release();
    const { "checksums.txt": list = "" } = files;
    using server = new ReleaseServer({ "checksums.txt": list }, `${RELEASES}/latest/download`);
    server.offer(files, `${RELEASES}/download/v9.9.9`);
    const { code } = await lab.install({
      env: { MOLECULE_GITHUB_URL: server.url },
      piped: readFileSync(SCRIPT, "utf8"),
    });
    expect(code).toBe(0);
    expect(server.asked).toEqual([
      `${RELEASES}/latest/download/checksums.txt`,
      `${RELEASES}/download/v9.9.9/${archiveName()}`,
    ]);
    expect(lab.installed).toBe(program());
  });

  test.each([
    ["an argument", ["--version", "1.0.0-rc.1"], undefined],
    ["an argument with =", ["--version=v1.0.0-rc.1"], undefined],
    ["a variable", [], "v1.0.0-rc.1"],
    ["an argument over a variable", ["--version", "v1.0.0-rc.1"], "3.0.0"],
  ])("a version can be given by %s", async (_, args, variable) => {
    using lab = new Lab();
    using server = new ReleaseServer(
      release({ version: "1.0.0-rc.1" }),
      `${RELEASES}/download/v1.0.0-rc.1`,
    );
    const { code } = await lab.install({
      args,
      env: {
        MOLECULE_GITHUB_URL: server.url,
        ...(variable === undefined ? {} : { MOLECULE_VERSION: variable }),
      },
      piped: readFileSync(SCRIPT, "utf8"),
    });
    expect(code).toBe(0);
    expect(lab.installed).toBe(program("1.0.0-rc.1"));
  });

  test("a folder may have spaces, quotes and dollars, and the lines to copy bear them", async () => {
    using lab = new Lab();
    lab.publish(release());
    const folder = join(lab.home, `it's "my" $HOME \`x\``);
    const { code, stderr } = await lab.install({
      args: ["--dir", `${folder}//`],
      env: { MOLECULE_BASE_URL: lab.release },
    });
    expect(code).toBe(0);
    const line = /^ {2}(export PATH=.*)$/m.exec(stderr)?.[1] ?? "";
    const said = Bun.spawnSync(["/bin/sh", "-c", `${line}; molecule --version`]);
    expect(said.stdout.toString()).toBe("molecule 9.9.9 (abcdef0)\n");
    const undo = /To undo: (rm .*)$/m.exec(stderr)?.[1] ?? "";
    Bun.spawnSync(["/bin/sh", "-c", undo]);
    expect(() => statSync(join(folder, "molecule"))).toThrow();
  });

  test("an upgrade puts a new file in the place of the old one, which goes on for who has it", async () => {
    using lab = new Lab();
    lab.publish(release());
    lab.write(lab.target, program("9.9.8"));
    const old = openSync(lab.target, "r");
    const { code, stderr } = await lab.install({ env: { MOLECULE_BASE_URL: lab.release } });
    expect(code).toBe(0);
    expect(stderr).toContain("molecule 9.9.9 is installed, in place of 9.9.8");
    const text = Buffer.alloc(1000);
    expect(text.toString("utf8", 0, readSync(old, text))).toBe(program("9.9.8"));
    closeSync(old);
    expect(lab.installed).toBe(program());
  });

  test("what is there and can't be started is made whole", async () => {
    using lab = new Lab();
    lab.publish(release());
    lab.write(lab.target, program());
    chmodSync(lab.target, 0o644);
    const { code, stderr } = await lab.install({ env: { MOLECULE_BASE_URL: lab.release } });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(statSync(lab.target).mode & 0o777).toBe(0o755);
  });

  test("a tilde is the home, and nothing where there is none", async () => {
    using lab = new Lab();
    lab.publish(release());
    const args = ["--dir", "~/new"];
    const env = { MOLECULE_BASE_URL: lab.release };
    expect((await lab.install({ args, env })).code).toBe(0);
    expect(statSync(join(lab.home, "new", "molecule")).isFile()).toBe(true);
    const { code, stderr } = await lab.install({ args, env: { ...env, HOME: "" } });
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("HOME is not set"),
    });
  });

  test("what is there already stays untouched", async () => {
    using lab = new Lab();
    lab.publish(release());
    lab.write(lab.target, program());
    const { ino } = statSync(lab.target);
    const { code, stderr } = await lab.install({ env: { MOLECULE_BASE_URL: lab.release } });
    expect(code).toBe(0);
    expect(stderr).toContain("is already installed");
    expect(statSync(lab.target).ino).toBe(ino);
  });

  test("a same version with other bytes is replaced, and so is an empty file", async () => {
    using lab = new Lab();
    lab.publish(release());
    for (const there of [`${program()}# changed\n`, ""]) {
      lab.write(lab.target, there);
      const { code, stderr } = await lab.install({ env: { MOLECULE_BASE_URL: lab.release } });
      expect({ code, stderr }).toMatchObject({ code: 0 });
      expect(lab.installed).toBe(program());
    }
  });

  test("a link in its place is replaced, not what it leads to", async () => {
    using lab = new Lab();
    lab.publish(release());
    const elsewhere = lab.write(join(lab.home, "elsewhere"), program("9.9.8"));
    mkdirSync(lab.folder, { recursive: true });
    symlinkSync(elsewhere, lab.target);
    expect((await lab.install({ env: { MOLECULE_BASE_URL: lab.release } })).code).toBe(0);
    expect(readFileSync(elsewhere, "utf8")).toBe(program("9.9.8"));
    expect(lab.installed).toBe(program());
  });

  test("a download that breaks off once is tried again", async () => {
    using lab = new Lab();
    const files = release();
    using server = new ReleaseServer(files);
    const whole = server.answers.get(`/${archiveName()}`)!;
    let times = 0;
    server.answers.set(`/${archiveName()}`, (request) =>
      times++ === 0 ? new Response("busy", { status: 503 }) : whole(request),
    );
    expect((await lab.install({ env: { MOLECULE_BASE_URL: server.url } })).code).toBe(0);
    expect(times).toBe(2);
  });

  test("the real program is installed, and runs", async () => {
    using lab = new Lab();
    lab.unlink("uname", "ldd", "getconf");
    for (const tool of ["uname", "ldd", "getconf", "sysctl", "sw_vers"]) lab.link(tool);
    const version = /^molecule (\S+)/.exec(Bun.spawnSync([BINARY, "--version"]).stdout.toString());
    const body = new Uint8Array(await Bun.file(BINARY).arrayBuffer());
    const bytes = archive([{ name: "molecule", body }]);
    const platform = `${process.platform}_${process.arch === "x64" ? "amd64" : process.arch}`;
    const names = [platform, `${platform}_musl`].map((name) => archiveName(version?.[1], name));
    lab.publish(listed(Object.fromEntries(names.map((name) => [name, bytes]))));
    const { code, stderr } = await lab.install({ env: { MOLECULE_BASE_URL: lab.release } });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(Bun.spawnSync(["cmp", BINARY, lab.target]).exitCode).toBe(0);

    // It is known by what it bears, and so is its version.
    lab.unlink("uname", "ldd", "getconf");
    lab.system({});
    lab.publish(release({ version: "0.0.1" }));
    const older = await lab.install({ env: { MOLECULE_BASE_URL: lab.release } });
    expect(older.stderr).toContain(
      `molecule ${version?.[1]} is installed, and the release that is`,
    );
  }, 60_000);
});
