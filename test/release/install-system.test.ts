/** scripts/install.sh on systems of all kinds, and what it says about their PATH. */
import { describe, expect, test } from "bun:test";
import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { canMount, fill, smallDisk } from "../harness/small-disk.ts";
import { asNobody, Lab, SCRIPT } from "./install-lab.ts";
import { archiveName, program, release, ReleaseServer } from "./install-release.ts";
import { REPOSITORY } from "../../src/project.ts";
import { shellWord as inShell } from "../../src/shared/shell-word.ts";

/** Through a pipe: the other user may not read the checkout. */
const piped = readFileSync(SCRIPT, "utf8");

const MUSL = "musl libc (x86_64)";

describe.skipIf(process.platform === "win32")("install.sh", () => {
  test.each<[string, Parameters<Lab["system"]>[0], string]>([
    ["arm64 Linux", { m: "aarch64" }, "linux_arm64"],
    ["musl", { ldd: MUSL }, "linux_amd64_musl"],
    ["musl on arm64", { ldd: MUSL, m: "aarch64" }, "linux_arm64_musl"],
    ["an Intel Mac", { s: "Darwin", o: "Darwin" }, "darwin_amd64"],
    ["a Mac of today", { s: "Darwin", o: "Darwin", m: "arm64" }, "darwin_arm64"],
    ["FreeBSD's word for the processor", { m: "amd64" }, "linux_amd64"],
  ])("takes the file for %s", async (_, system, platform) => {
    using lab = new Lab();
    lab.system(system);
    using server = new ReleaseServer(release({ platform }));
    const { code, stderr } = await lab.install({ env: { MOLECULE_BASE_URL: server.url } });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(server.names).toEqual(["checksums.txt", archiveName("9.9.9", platform)]);
  });

  test("takes arm64 under Rosetta, where the system says that it is Intel's", async () => {
    using lab = new Lab();
    lab.system({ s: "Darwin", o: "Darwin" });
    lab.fake("sysctl", '[ "$*" = "-n sysctl.proc_translated" ] && echo 1');
    lab.publish(release({ platform: "darwin_arm64" }));
    expect((await lab.install({ env: { MOLECULE_BASE_URL: lab.release } })).code).toBe(0);
  });

  test.each<[string, Parameters<Lab["system"]>[0], string]>([
    ["FreeBSD", { s: "FreeBSD", o: "FreeBSD" }, "There is no release for FreeBSD"],
    ["Android", { o: "Android", m: "aarch64" }, "There is no release for Android"],
    ["a 32-bit processor", { m: "armv7l" }, "32-bit processors (armv7l)"],
    ["a 32-bit system", { m: "aarch64", bits: "32" }, "32-bit systems"],
    ["another processor", { m: "riscv64" }, "riscv64 processors"],
  ])("says what there is where there is nothing for %s", async (_, system, why) => {
    using lab = new Lab();
    lab.system(system);
    const { code, stderr } = await lab.install();
    expect(code).toBe(1);
    expect(stderr).toContain(why);
    expect(stderr).toContain("Releases are for Linux");
    expect(stderr).toContain(`git clone ${REPOSITORY}`);
  });

  test("says that an old macOS is too old", async () => {
    using lab = new Lab();
    lab.system({ s: "Darwin", o: "Darwin" });
    lab.fake("sw_vers", "echo 12.7.6");
    expect((await lab.install()).stderr).toContain("This is macOS 12.7.6");
  });

  test("sends Windows to the other script, and tells it to WSL", async () => {
    using lab = new Lab();
    lab.system({ s: "MINGW64_NT-10.0-22631" });
    const windows = await lab.install();
    expect(windows).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("install.ps1 | iex"),
    });
    lab.system({ r: "5.15.153.1-microsoft-standard-WSL2" });
    lab.publish(release());
    const wsl = await lab.install({ env: { MOLECULE_BASE_URL: lab.release } });
    expect(wsl).toMatchObject({ code: 0, stderr: expect.stringContaining("This is WSL") });
  });

  test("names the C++ library that is missing on musl", async () => {
    using lab = new Lab();
    lab.system({ ldd: MUSL });
    const words = "Error loading shared library libstdc++.so.6: No such file or directory";
    const body = `#!/bin/sh\necho '${words}' >&2; exit 127\n`;
    lab.publish(release({ platform: "linux_amd64_musl", members: [{ name: "molecule", body }] }));
    const { code, stderr } = await lab.install({ env: { MOLECULE_BASE_URL: lab.release } });
    expect(code).toBe(1);
    expect(stderr).toContain(words);
    expect(stderr).toContain("apk add libstdc++");
  });

  test.each([
    [["tar"], "The program tar is missing"],
    [["gzip"], "The program gzip is missing"],
    [["sha256sum", "shasum", "openssl"], "Nothing here can check a download"],
    [["curl", "wget"], "Nothing here can download"],
  ])("without %j it says so", async (tools, why) => {
    using lab = new Lab();
    lab.unlink(...tools);
    const { code, stderr } = await lab.install();
    expect(code).toBe(1);
    expect(stderr.split("\n")[0]).toContain(why);
  });

  test("gives curl limits, and lets it go to https alone", async () => {
    using lab = new Lab();
    lab.unlink("wget", "curl");
    const log = join(lab.home, "args");
    lab.fake("curl", `echo "$*" >>'${log}'; exit 7`);
    await lab.install({ env: { MOLECULE_GITHUB_URL: "" } });
    const args = await Bun.file(log).text();
    expect(args).toContain("--proto =https --proto-redir =https");
    for (const flag of ["connect-timeout", "speed-time", "max-filesize", "tlsv1.2", "retry"]) {
      expect(args).toContain(`--${flag}`);
    }
    expect(args).toContain(`${REPOSITORY}/releases/latest/download/checksums.txt`);
  });

  test("says which line puts the folder on the PATH of the user's shell", async () => {
    using lab = new Lab();
    lab.publish(release());
    const said = async (SHELL: string, more: Record<string, string> = {}) => {
      const env = { MOLECULE_BASE_URL: lab.release, SHELL, ...more };
      return (await lab.install({ env })).stderr;
    };
    expect(await said("/bin/bash")).toContain(
      `in ~/.bashrc:\n  export PATH=${inShell(lab.folder)}:"$PATH"\n`,
    );
    expect(await said("/bin/zsh")).toContain("in ~/.zshrc:\n  export PATH=");
    expect(await said("/usr/bin/fish")).toContain(
      `config.fish:\n  fish_add_path ${inShell(lab.folder)}\n`,
    );
    expect(await said("/bin/ksh")).toContain("in ~/.profile:");
    expect(await said("/bin/bash", { PATH: `${lab.bin}:${lab.folder}` })).not.toContain(
      "your PATH",
    );
  });

  test("says that another program of the name comes first", async () => {
    using lab = new Lab();
    lab.publish(release());
    const elsewhere = join(lab.home, "go", "bin");
    const other = lab.write(join(elsewhere, "molecule"), "#!/bin/sh\n");
    const said = async (...path: string[]) => {
      const env = { MOLECULE_BASE_URL: lab.release, PATH: [lab.bin, ...path].join(":") };
      return (await lab.install({ env })).stderr;
    };
    expect(await said(elsewhere, lab.folder)).toContain(`still another program, ${other}`);
    expect(await said(elsewhere)).toContain(`Until then "molecule" is another program, ${other}`);
    expect(await said(lab.folder, elsewhere)).not.toContain("another program");
  });

  test("shows its help, and changes nothing", async () => {
    using lab = new Lab();
    const { code, stdout } = await lab.install({ args: ["--help"] });
    expect(code).toBe(0);
    for (const name of ["MOLECULE_VERSION", "MOLECULE_INSTALL_DIR", "MOLECULE_BASE_URL"]) {
      expect(stdout).toContain(name);
    }
    expect(readdirSync(lab.home)).toEqual([]);
  });

  // As a user who can't write to the real /usr/local/bin, whatever goes wrong.
  test.skipIf(asNobody === undefined)("goes to ~/.local/bin, and for root elsewhere", async () => {
    using lab = new Lab();
    lab.publish(release());
    chmodSync(lab.home, 0o777);
    const env = { MOLECULE_BASE_URL: lab.release, MOLECULE_INSTALL_DIR: "" };
    const user = await lab.install({ by: asNobody ?? [], env, piped });
    expect(user).toMatchObject({ code: 0 });
    expect(lab.installed).toBe(program());
    lab.fake("id", "echo 0");
    const root = await lab.install({ by: asNobody ?? [], env, piped });
    expect(root.stderr).toContain("You may not write to /usr/local/bin");
  });

  test.skipIf(asNobody === undefined)(
    "says where it may not write, before it fetches anything",
    async () => {
      using lab = new Lab();
      using server = new ReleaseServer(release());
      const closed = join(lab.home, "closed");
      lab.write(join(closed, "molecule"), program("9.9.8"));
      chmodSync(closed, 0o555);
      const env = { MOLECULE_BASE_URL: server.url, MOLECULE_INSTALL_DIR: closed };
      const { code, stderr } = await lab.install({ by: asNobody ?? [], env, piped });
      expect(code).toBe(1);
      expect(stderr).toContain(`You may not write to ${closed}`);
      expect(stderr).toContain("MOLECULE_INSTALL_DIR");
      expect(server.asked).toEqual([]);
      chmodSync(closed, 0o755);
    },
  );

  test.skipIf(!canMount)("leaves the old program where the disk has no room", async () => {
    using lab = new Lab();
    using disk = smallDisk(64);
    const old = lab.write(join(disk.path, "molecule"), program("9.9.8"));
    const members = [{ name: "molecule", body: program().padEnd(200_000, "#") }];
    lab.publish(release({ members }));
    const { code, stderr } = await lab.install({
      args: ["--dir", disk.path],
      env: { MOLECULE_BASE_URL: lab.release },
    });
    expect(code).toBe(1);
    expect(stderr).toContain("is there room on the disk?");
    expect(readdirSync(dirname(old))).toEqual(["molecule"]);
    expect(await Bun.file(old).text()).toBe(program("9.9.8"));
  });

  test.skipIf(!canMount)("leaves the old program where temporary files have no room", async () => {
    using lab = new Lab();
    using disk = smallDisk(64);
    fill(disk.path);
    writeFileSync(join(disk.path, "filler"), "");
    const body = Buffer.from(crypto.getRandomValues(new Uint8Array(60_000))).toString("hex");
    lab.publish(release({ members: [{ name: "molecule", body: `${program()}#${body}` }] }));
    lab.write(lab.target, program("9.9.8"));
    const env = { MOLECULE_BASE_URL: lab.release, TMPDIR: disk.path };
    const { code, stderr } = await lab.install({ env });
    expect({ code, stderr }).toMatchObject({ code: 1 });
    expect(readdirSync(disk.path)).toEqual(["filler"]);
    expect(lab.installed).toBe(program("9.9.8"));
  });
});
