/** scripts/install.sh where a server, or who can write to the folder, means ill. */
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Lab } from "./install-lab.ts";
import { archiveName, program, release, ReleaseServer, sha256 } from "./install-release.ts";

/** What takes over a terminal: an escape sequence, one by a byte of its own, and a bell. */
const EVIL = "\x1b]0;mine\x07\u009b31m\x7f";
const CONTROL = /[\0-\x08\x0b-\x1f\x7f-\x9f]/;

describe.skipIf(process.platform === "win32")("install.sh", () => {
  test.each([
    ["9.9.9", "9.9.10"],
    ["9.9.9", "10.0.0"],
    ["9.9.9", "9.10.0-rc.1"],
    ["9.9.9-rc.1", "9.9.9"],
    ["9.9.9-rc.9", "9.9.9-rc.10"],
    ["9.9.9-beta.2", "9.9.9-rc.1"],
    ["9.9.9-rc.1.2", "9.9.9-rc.1.10"],
    ["9.9.9-rc", "9.9.9-rc.1"],
  ])("does not put %s in the place of %s, unless it is asked for", async (offered, there) => {
    using lab = new Lab();
    lab.write(lab.target, program(there));
    lab.publish(release({ version: offered }));
    const env = { MOLECULE_BASE_URL: lab.release };
    const { code, stderr } = await lab.install({ env });
    expect(code).toBe(1);
    expect(stderr).toContain(`molecule ${there} is installed, and the release that is offered is`);
    expect(stderr).toContain(`--version ${offered}, or MOLECULE_VERSION=${offered}`);
    expect(lab.installed).toBe(program(there));
    const asked = await lab.install({ env, args: ["--version", offered] });
    expect(asked.stderr).toContain(`molecule ${offered} is installed, in place of ${there}`);
    expect(lab.installed).toBe(program(offered));
  });

  test.each([
    ["9.9.10", "9.9.9"],
    ["9.9.9", "9.9.9-rc.1"],
    ["9.9.9-rc.10", "9.9.9-rc.9"],
    ["9.9.9+a", "9.9.9+b"],
    ["1", "9.9.9"],
    ["1.0.0.0", "9.9.9"],
  ])("puts %s in the place of %s", async (offered, there) => {
    using lab = new Lab();
    lab.write(lab.target, program(there));
    lab.publish(release({ version: offered }));
    const { code, stderr } = await lab.install({ env: { MOLECULE_BASE_URL: lab.release } });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(lab.installed).toBe(program(offered));
  });

  test("does not run what lies in its place, nor go over it", async () => {
    using lab = new Lab();
    lab.publish(release());
    const ran = join(lab.home, "ran");
    for (const said of ["molecule 24.2.0 using python 3.11", "molecule 1.0.0 (abcdef0)"]) {
      const other = `#!/bin/sh\n: >'${ran}'\necho '${said}'\n`;
      lab.write(lab.target, other);
      const { code, stderr } = await lab.install({ env: { MOLECULE_BASE_URL: lab.release } });
      expect(code).toBe(1);
      expect(stderr).toContain(`${lab.target} is another program of this name`);
      expect(lab.installed).toBe(other);
    }
    const mine = `${program("9.9.8")}: >'${ran}'\n`;
    lab.write(lab.target, mine);
    expect((await lab.install({ env: { MOLECULE_BASE_URL: lab.release } })).code).toBe(0);
    expect(existsSync(ran)).toBe(false);
  });

  test("goes over no pipe", async () => {
    using lab = new Lab();
    lab.publish(release());
    lab.write(join(lab.folder, "other"), "");
    Bun.spawnSync(["mkfifo", lab.target]);
    const { code, stderr } = await lab.install({ env: { MOLECULE_BASE_URL: lab.release } });
    expect(code).toBe(1);
    expect(stderr).toContain("that is no file");
  });

  test("shows no name of the list that could do something to the terminal", async () => {
    using lab = new Lab();
    const name = `molecule_${EVIL}_linux_amd64.tar.gz`;
    const other = archiveName("9.9.9", "linux_arm64");
    const sum = sha256("");
    lab.publish({
      "checksums.txt": `${sum}  ${name}\n${sum}  molecule_é_x.zip\n${sum}  ${other}\n`,
    });
    const { stderr } = await lab.install({ env: { MOLECULE_BASE_URL: lab.release } });
    expect(stderr).toEndWith(`It has: ${other}\n`);
    expect(stderr).not.toMatch(CONTROL);
  });

  const says = `printf '%s\\n' '${EVIL}foreign words: gr\u00fc\u00dfe' >&2`;
  test.each<[string, (lab: Lab) => void]>([
    ["the program", (lab) => void lab.publish(broken(`${says}; exit 3`))],
    ["the program, of its version", (lab) => void lab.publish(broken(`${says} 2>&1`))],
    ["tar", (lab) => void lab.fake("tar", `${says}; exit 1`)],
    ["cosign", (lab) => void lab.fake("cosign", `${says}; exit 1`)],
  ])(
    "shows the words of %s, and nothing that could do something to the terminal",
    async (_, set) => {
      using lab = new Lab();
      lab.publish({ ...release(), "checksums.txt.sigstore.json": "{}" });
      set(lab);
      const { code, stderr } = await lab.install({ env: { MOLECULE_BASE_URL: lab.release } });
      expect(code).toBe(1);
      expect(stderr).toContain("]0;mine31mforeign words: gr\u00fc\u00dfe");
      expect(stderr).not.toMatch(CONTROL);
    },
  );

  test.each(["curl", "wget"])("shows what %s says once, and cleaned", async (tool) => {
    using lab = new Lab();
    using server = new ReleaseServer();
    lab.unlink("curl", "wget");
    lab.fake(tool, `${says}; ${says}; exit 6`);
    const { stderr } = await lab.install({ env: { MOLECULE_BASE_URL: server.url } });
    expect(stderr.split("foreign words").length).toBe(2);
    expect(stderr).not.toMatch(CONTROL);
  });
});

/** A release whose program is these lines. */
function broken(lines: string) {
  return release({ members: [{ name: "molecule", body: `#!/bin/sh\n${lines}\n` }] });
}
