import { expect, test } from "bun:test";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { standingOf } from "../../../../src/service/seal.ts";
import { onPosix } from "../../../harness/platform.ts";
import { ID, Lab, OTHER, Systemd } from "./lab.ts";

const UNIT = `molecule@${ID}.service`;
const FOLDER = ["home", ".config", "systemd", "user"];

function lab(change: ConstructorParameters<typeof Lab>[1] = {}) {
  const systemd = new Systemd();
  const at = new Lab(systemd.program, change);
  const base = ["install", ID, "--token-file", at.tokenFile];
  return {
    systemd,
    at,
    base,
    file: at.at(...FOLDER, UNIT),
    [Symbol.dispose]: () => at[Symbol.dispose](),
  };
}

const posix = onPosix("paths and modes of POSIX");

posix.describe("an install", () => {
  test("writes the unit, starts it, and tells that it runs", async () => {
    using it = lab();
    const { code, out, err } = await it.at.run([...it.base, "-o", "json"]);
    expect({ code, err }).toMatchObject({ code: 0 });
    expect(JSON.parse(out)).toEqual({
      service: UNIT,
      manager: "systemd",
      scope: "user",
      file: it.file,
      state: "running",
      pid: 41,
      detail: "connected",
    });
    expect(standingOf(readFileSync(it.file, "utf8"))).toBe("ours");
    // Others may read it, and nothing in it is secret.
    expect(statSync(it.file).mode & 0o777).toBe(0o644);
    expect(readFileSync(it.file, "utf8")).not.toContain("a-token-of-nobody");
    expect(it.at.ran.filter((line) => !/show|reset-failed|loginctl/.test(line))).toEqual([
      "systemctl --user daemon-reload",
      `systemctl --user enable ${UNIT}`,
      `systemctl --user restart --no-block ${UNIT}`,
    ]);
    expect(err).toContain("enable-linger");
  });

  test("waits until it is connected, and takes no old process for the new one", async () => {
    using it = lab();
    it.systemd.looks = [
      { ActiveState: "active", MainPID: "40", Job: "7" },
      { ActiveState: "activating", MainPID: "41", StatusText: "registering" },
      { ActiveState: "active", MainPID: "41" },
    ];
    const { code, out } = await it.at.run([...it.base, "-o", "json"]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ state: "running", pid: 41 });
  });

  test.each([
    [{ ActiveState: "failed", ExecMainCode: "1", ExecMainStatus: "3" }, "refused its token"],
    [
      {
        ActiveState: "activating",
        SubState: "auto-restart",
        ExecMainCode: "1",
        ExecMainStatus: "4",
      },
      "restarting",
    ],
    [{ ActiveState: "failed", Result: "watchdog", ExecMainCode: "2" }, "watchdog"],
    [
      { ActiveState: "activating", SubState: "start", StatusText: "registering" },
      "not connected yet: registering",
    ],
  ])("that does not run is a failure: %j", async (look, why) => {
    using it = lab();
    it.systemd.looks = [look as Record<string, string>];
    const { code, err } = await it.at.run(it.base);
    expect(code).toBe(1);
    expect(err).toContain(why);
    expect(err).toContain(`journalctl --user -u ${UNIT}`);
  });

  test("over its own file writes it anew", async () => {
    using it = lab();
    await it.at.run(it.base);
    const { code } = await it.at.run([...it.base, "--", "--grace-secs", "90"]);
    expect(code).toBe(0);
    expect(readFileSync(it.file, "utf8")).toContain("--grace-secs 90");
  });

  test("leaves a file that was changed, or is somebody else's, unless it is forced", async () => {
    using it = lab();
    await it.at.run(it.base);
    appendFileSync(it.file, "Nice=5\n");
    const changed = await it.at.run(it.base);
    expect([changed.code, changed.err]).toEqual([1, expect.stringContaining("was changed since")]);
    writeFileSync(it.file, "[Service]\n");
    const foreign = await it.at.run(it.base);
    expect([foreign.code, foreign.err]).toEqual([
      1,
      expect.stringContaining("not written by this tool"),
    ]);
    expect(readFileSync(it.file, "utf8")).toBe("[Service]\n");
    expect((await it.at.run([...it.base, "--force"])).code).toBe(0);
    expect(standingOf(readFileSync(it.file, "utf8"))).toBe("ours");
  });

  test("leaves a unit that comes from elsewhere in its place, unless it is forced", async () => {
    using it = lab();
    it.systemd.fragment = `/usr/lib/systemd/user/${UNIT}`;
    for (const more of [[], ["--no-start"]]) {
      const { code, err } = await it.at.run([...it.base, ...more]);
      expect([code, err]).toEqual([1, expect.stringContaining(it.systemd.fragment)]);
      expect(err).toContain("--force");
    }
    expect(existsSync(it.file)).toBe(false);
    expect(it.at.ran.filter((line) => !line.includes(" show "))).toEqual([]);
    expect((await it.at.run([...it.base, "--force"])).code).toBe(0);
    // What systemd has in mind of a file of this place, or of our own template, is none of theirs.
    rmSync(it.file);
    it.systemd.fragment = it.file;
    expect((await it.at.run(it.base)).code).toBe(0);
    rmSync(it.file);
    it.systemd.fragment = it.at.at(...FOLDER, "molecule@.service");
    writeFileSync(it.systemd.fragment, "[Service]\n");
    expect((await it.at.run(it.base)).code).toBe(1);
    rmSync(it.systemd.fragment);
    await it.at.run(["install", "--template", "--token-file", "/t/%i", "--force"]);
    expect((await it.at.run(it.base)).code).toBe(0);
  });

  test("with --no-start needs no systemd and starts nothing", async () => {
    using it = lab();
    it.systemd.reachable = false;
    expect((await it.at.run([...it.base, "--no-start"])).code).toBe(0);
    expect(it.at.ran.filter((line) => !line.includes(" show "))).toEqual([]);
    expect(existsSync(it.file)).toBe(true);
  });

  test("where no systemd runs writes nothing and says what to do", async () => {
    using it = lab();
    it.systemd.reachable = false;
    const { code, err } = await it.at.run(it.base);
    expect(code).toBe(1);
    expect(err).toContain("Failed to connect to bus");
    expect(err).toContain("molecule service print");
    expect(existsSync(it.file)).toBe(false);
  });

  test("by root is refused where it would be root's own", async () => {
    using it = lab({ uid: 0, user: "root" });
    const { code, err } = await it.at.run(it.base);
    expect(code).toBe(2);
    expect(err).toContain("--system");
    // It was not by sudo.
    expect(err).not.toContain("sudo");
    it.at.machine = { ...it.at.machine, env: { SUDO_USER: "bob" } };
    expect((await it.at.run(it.base)).err).toContain("Leave sudo out");
  });

  test.each([
    ["of root's own", []],
    ["of the system", ["--system"]],
  ])("%s, where no systemd runs, says so in place of what it wants", async (_, more) => {
    using it = lab({ uid: 0, user: "root", folder: "/srv" });
    it.systemd.reachable = false;
    const { code, err } = await it.at.run([...it.base, ...more]);
    expect([code, err]).toEqual([1, expect.stringContaining("no systemd can be reached")]);
    expect(err).toContain("have what starts it run molecule connect");
    expect(err).not.toMatch(/sudo|--run-as/);
  });

  test("of the template starts nothing, and tells how", async () => {
    using it = lab();
    const token = it.at.at("%i.token");
    const { code, err } = await it.at.run(["install", "--template", "--token-file", token]);
    expect(code).toBe(0);
    expect(err).toContain("systemctl --user enable --now molecule@");
    const unit = readFileSync(it.at.at(...FOLDER, "molecule@.service"), "utf8");
    expect(unit).toContain(`--token-file ${token}`);
    expect(unit).toContain("connect %i");
  });
});

posix.describe("an install for the system", () => {
  test("runs as who called sudo, and hands the token over", async () => {
    using it = lab({ uid: 0, user: "root", env: { SUDO_USER: "bob" }, folder: "/srv" });
    const { code, out, err } = await it.at.run([...it.base, "--system"]);
    expect({ code, err }).toMatchObject({ code: 0 });
    const unit = readFileSync(it.at.at("units", UNIT), "utf8");
    expect(unit).toContain("\nUser=bob\n");
    expect(unit).toContain(`\nLoadCredential=token:${it.at.tokenFile}\n`);
    expect(unit).toContain(`\nStateDirectory=molecule/${ID}\n`);
    expect(unit).toContain(`--state-dir /var/lib/molecule/${ID} `);
    expect(unit).not.toContain(`--token-file ${it.at.tokenFile}`);
    expect(it.at.ran.join()).not.toContain("--user");
    expect(out).toMatch(new RegExp(`^state_dir +/var/lib/molecule/${ID}$`, "m"));
    expect(err).toContain(`how it is: sudo molecule status --state-dir /var/lib/molecule/${ID}\n`);
  });

  test("hands the address of a shared store over, too", async () => {
    using it = lab({ uid: 0, user: "root", env: { SUDO_USER: "bob" }, folder: "/srv" });
    const file = it.at.at("store");
    writeFileSync(file, "postgres://ann:sesame-of-ann@db/molecule\n", { mode: 0o600 });
    const { code, out, err } = await it.at.run([
      ...it.base,
      "--system",
      "--",
      "--store-file",
      file,
    ]);
    expect({ code, err }).toMatchObject({ code: 0 });
    const unit = readFileSync(it.at.at("units", UNIT), "utf8");
    expect(unit).toContain(`\nLoadCredential=token:${it.at.tokenFile}\n`);
    expect(unit).toContain(`\nLoadCredential=store:${file}\n`);
    expect(unit).toContain(' --store-file "${CREDENTIALS_DIRECTORY}/store"\n');
    expect(unit).not.toContain(`--store-file ${file}`);
    expect(unit + out + err).not.toContain("sesame");
  });

  test("of a template gives each instance a state of its own", async () => {
    using it = lab({ uid: 0, user: "root", env: { SUDO_USER: "bob" }, folder: "/srv" });
    const words = ["install", "--template", "--system", "--token-file", "/etc/molecule/%i.token"];
    const { code, err } = await it.at.run(words);
    expect(code).toBe(0);
    const unit = readFileSync(it.at.at("units", "molecule@.service"), "utf8");
    expect(unit).toContain("\nStateDirectory=molecule/%i\n");
    expect(unit).toContain("--state-dir /var/lib/molecule/%i ");
    expect(err).toContain("molecule status --state-dir /var/lib/molecule/WORKSPACE-ID\n");
  });

  test("never runs as root without being told so", async () => {
    using it = lab({ uid: 0, user: "root", folder: "/srv" });
    const { code, err } = await it.at.run([...it.base, "--system"]);
    expect(code).toBe(2);
    expect(err).toContain("--run-as");
    const told = await it.at.run([...it.base, "--system", "--run-as", "root"]);
    expect([told.code, told.err]).toEqual([0, expect.stringContaining("runs as root")]);
  });

  test("can't work in a /tmp that is another one for it", async () => {
    using it = lab({ uid: 0, user: "root", env: { SUDO_USER: "bob" }, folder: "/tmp" });
    const { code, err } = await it.at.run([...it.base, "--system"]);
    expect([code, err]).toEqual([2, expect.stringContaining("would not find /tmp")]);
  });

  test.each(["/", "//", "/srv/..", "ROOT"])("has no fence in the folder %s", async (folder) => {
    using it = lab({ uid: 0, user: "root", env: { SUDO_USER: "bob" }, folder: "/srv" });
    symlinkSync("/", it.at.at("link"));
    const at = folder === "ROOT" ? it.at.at("link") : folder;
    for (const words of [
      ["--folder", at],
      ["--", "--state-dir", at],
    ]) {
      const { code, err } = await it.at.run([...it.base, "--system", ...words]);
      expect(code).toBe(2);
      // The folder of the link lies in a /tmp that a service would not find.
      expect(err).toMatch(/is the folder \/,|in the folder \/,|it has a \/tmp of its own/);
    }
    it.at.machine = { ...it.at.machine, folder: at };
    expect((await it.at.run([...it.base, "--system"])).code).toBe(2);
    expect(existsSync(it.at.at("units", UNIT))).toBe(false);
  });

  test("has none, either, where the account's home is /", async () => {
    using it = lab({ uid: 0, user: "root", folder: "/srv" });
    it.at.homes["nobody"] = "/";
    const { code, err } = await it.at.run([...it.base, "--system", "--run-as", "nobody"]);
    expect([code, err]).toEqual([2, expect.stringContaining("the home of nobody is the folder /")]);
  });

  test("may write to the home that the system knows, and not to that of another user's", async () => {
    // As su leaves it.
    using it = lab({ uid: 0, user: "daemon", home: "/root", folder: "/srv" });
    it.at.homes["daemon"] = "/usr/sbin";
    const { code, err } = await it.at.run([...it.base, "--system", "--run-as", "daemon"]);
    expect({ code, err }).toMatchObject({ code: 0 });
    const unit = readFileSync(it.at.at("units", UNIT), "utf8");
    expect(unit).toContain("\nReadWritePaths=-/usr/sbin -/srv\n");
  });

  test("needs an account that is there", async () => {
    using it = lab({ uid: 0, user: "root", folder: "/srv" });
    const { code, err } = await it.at.run([...it.base, "--system", "--run-as", "eve"]);
    expect(code).toBe(1);
    expect(err).toContain("there is no user eve");
  });
});

posix.describe("an uninstall", () => {
  test("stops the service first, and then removes its file", async () => {
    using it = lab();
    await it.at.run(it.base);
    it.at.ran.length = 0;
    const { code } = await it.at.run(["uninstall", ID]);
    expect(code).toBe(0);
    expect(existsSync(it.file)).toBe(false);
    expect(it.at.ran.filter((line) => !/show|reset/.test(line))).toEqual([
      `systemctl --user disable --now ${UNIT}`,
      "systemctl --user daemon-reload",
    ]);
  });

  test("touches nothing that this tool has not written", async () => {
    using it = lab();
    mkdirSync(it.at.at(...FOLDER), { recursive: true });
    writeFileSync(it.file, "[Service]\n");
    const { code, err } = await it.at.run(["uninstall", ID]);
    expect([code, err]).toEqual([1, expect.stringContaining("not written by this tool")]);
    expect(it.at.ran).toEqual([]);
    expect(existsSync(it.file)).toBe(true);
  });

  test("of what is not there says so", async () => {
    using it = lab();
    const { code, err } = await it.at.run(["uninstall", OTHER]);
    expect([code, err]).toEqual([
      1,
      expect.stringContaining(`there is no service molecule@${OTHER}`),
    ]);
  });

  test("of a template that is in use is refused", async () => {
    using it = lab();
    await it.at.run(["install", "--template", "--token-file", "/t/%i"]);
    it.systemd.instances = [`molecule@${OTHER}.service`];
    const { code, err } = await it.at.run(["uninstall", "--template"]);
    expect([code, err]).toEqual([1, expect.stringContaining(`in use by molecule@${OTHER}`)]);
    expect(existsSync(it.at.at(...FOLDER, "molecule@.service"))).toBe(true);
  });
});

posix.describe("the status", () => {
  test("is well where all runs", async () => {
    using it = lab();
    await it.at.run(it.base);
    const { code, out } = await it.at.run(["status", "-o", "json"]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject([
      { service: UNIT, workspace: ID, state: "running", pid: 41, file_state: "ours" },
    ]);
  });

  test("knows instances of the template, which have no file", async () => {
    using it = lab();
    await it.at.run(["install", "--template", "--token-file", "/t/%i"]);
    it.systemd.instances = [`molecule@${OTHER}.service`];
    const { code, out } = await it.at.run(["status", "-o", "json"]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject([
      { service: "molecule@.service", state: "template" },
      { workspace: OTHER, state: "running" },
      // Also asked of the system's systemd, which the fake one is, too.
      { workspace: OTHER, scope: "system" },
    ]);
  });

  test("is not well where something does not run, or nothing is there", async () => {
    using it = lab();
    const none = await it.at.run(["status"]);
    expect([none.code, none.err]).toEqual([1, "no services are installed\n"]);
    await it.at.run(it.base);
    it.systemd.looks = [{ ActiveState: "failed", ExecMainCode: "1", ExecMainStatus: "5" }];
    const { code, out } = await it.at.run(["status"]);
    expect([code, out]).toEqual([1, expect.stringMatching(/failed .*the workspace was removed/)]);
    expect((await it.at.run(["status", OTHER])).err).toContain("no service is installed for");
  });

  test("where no systemd runs says so, and not only that there are no services", async () => {
    using it = lab();
    it.systemd.reachable = false;
    const { code, err } = await it.at.run(["status"]);
    expect(code).toBe(1);
    expect(err).toStartWith("no services are installed: no manager of services was found here (");
    expect(err).toContain("Failed to connect to bus");
  });

  test("is told where a pipe, or a device without an end, stands for a file", async () => {
    using it = lab();
    mkdirSync(it.at.at(...FOLDER), { recursive: true });
    Bun.spawnSync(["mkfifo", it.file]);
    symlinkSync("/dev/zero", it.at.at(...FOLDER, "molecule.service"));
    const { code, out } = await it.at.run(["status", "-o", "json"]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject([
      { service: "molecule.service", state: "running", file_state: "foreign" },
      { service: UNIT, state: "running", file_state: "foreign" },
    ]);
    expect((await it.at.run(["uninstall", ID])).err).toContain("not written by this tool");
    expect((await it.at.run(it.base)).err).toContain("not written by this tool");
    expect((await it.at.run([...it.base, "--force"])).code).toBe(0);
    expect(statSync(it.file).isFile()).toBe(true);
  });

  test("of a systemd that does not answer is unknown", async () => {
    using it = lab();
    await it.at.run(it.base);
    it.systemd.reachable = false;
    const { code, out } = await it.at.run(["status", ID, "-o", "json"]);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject([{ state: "unknown" }]);
  });
});

posix.describe("a token", () => {
  test.each([
    ["on the command line", [], ["--", "--token", "a-token-of-nobody"], {}],
    ["in a variable", [], [], { MOLECULE_WORKSPACE_TOKEN: "a-token-of-nobody" }],
    [
      "in a variable of the service",
      ["--env", "MOLECULE_WORKSPACE_TOKEN=a-token-of-nobody"],
      [],
      {},
    ],
    ["of another name there", ["--env", "ANTHROPIC_API_KEY=abc"], [], {}],
  ])("%s is refused, and never told", async (_, flags, rest, env) => {
    using it = lab();
    const words = flags.length === 0 && rest.length === 0 ? ["install", ID] : it.base;
    const { code, err } = await it.at.run(
      [...words, ...flags, ...rest],
      env as Record<string, string>,
    );
    expect({ code, err }).toMatchObject({ code: 2 });
    expect(err).not.toContain("a-token-of-nobody");
    expect(existsSync(it.file)).toBe(false);
  });

  test("file that is missing tells how to make one", async () => {
    using it = lab();
    const { code, err } = await it.at.run(["install", ID, "--token-file", "/nowhere/token"]);
    expect(code).toBe(1);
    expect(err).toContain(`molecule token create ${ID} --save-to /nowhere/token`);
    expect(err).toContain("molecule workspace create");
  });

  test("file that others can read is warned of", async () => {
    using it = lab();
    chmodSync(it.at.tokenFile, 0o644);
    const { code, err } = await it.at.run(it.base);
    expect([code, err]).toEqual([0, expect.stringContaining("chmod 600 mends it")]);
  });

  test("that is kept with the state needs no file, and none at all is refused", async () => {
    using it = lab({ folder: "/srv" });
    expect((await it.at.run(["install", ID])).err).toContain("the service has no token");
    const state = it.at.at("home", ".config", "molecule", "state");
    mkdirSync(state, { recursive: true });
    writeFileSync(`${state}/${ID}.token`, "a-token-of-nobody\n", { mode: 0o600 });
    expect((await it.at.run(["install", ID])).code).toBe(0);
    // A service of the system has a state of its own.
    expect((await it.at.run(["install", ID, "--system"])).err).toContain(
      "the service has no token",
    );
  });
});
