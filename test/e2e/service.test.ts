/** `molecule service` as the compiled program: what it writes is what it then runs with. */
import { expect, setDefaultTimeout } from "bun:test";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BINARY } from "../../scripts/set-up.ts";
import { runToEnd } from "../harness/binary.ts";
import { Dev } from "../harness/connect.ts";
import { LINUX, onlyWhere, onLinux } from "../harness/platform.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { valuesOf, wordsOf } from "../unit/service/systemd-reader.ts";

setDefaultTimeout(120_000);

const ID = "0f8fad5b-d9cb-469f-a165-70867728950e";

const linux = onLinux("systemd");

linux.test("the printed line is one that connects", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path);
  const { id, tokenFile } = dev.agent;
  const words = ["service", "print", id, "--token-file", tokenFile, "--api-url", dev.url];
  const printed = await runToEnd([...words, "--", "--backend", "mock"], {
    home: home.path,
  });
  expect(printed).toMatchObject({ code: 0 });
  const [line = ""] = valuesOf(printed.stdout, "ExecStart");
  const [program, ...args] = wordsOf(line, { env: {} });
  expect(program).toBe(BINARY);
  expect(printed.stdout).not.toContain(dev.agent.token);
  const dry = await runToEnd([...args, "--dry-run"], { home: home.path });
  expect(dry).toMatchObject({ code: 0 });
  expect(dry.stdout).toMatch(/token +accepted/);
});

/** A systemctl that notes what it is told, and has one unit that runs. */
const SYSTEMCTL = `#!/bin/sh
echo "$@" >> "$HOME/told"
case "$*" in
  *Version*) echo Version=252 ;;
  *ActiveState*) printf 'LoadState=loaded\\nActiveState=active\\nMainPID=7\\nStatusText=connected\\n' ;;
esac
`;

const isRoot = process.getuid?.() === 0;

/** A home with a token and that systemctl, and how to run the program there. */
function withSystemctl(home: string) {
  const bin = join(home, "bin");
  const token = join(home, "token");
  mkdirSync(bin);
  writeFileSync(join(bin, "systemctl"), SYSTEMCTL);
  chmodSync(join(bin, "systemctl"), 0o755);
  writeFileSync(token, "a-token-of-nobody\n", { mode: 0o600 });
  const env = { PATH: `${bin}:${process.env.PATH ?? ""}` };
  return {
    install: ["service", "install", ID, "--token-file", token],
    setup: { home, env },
    told: () => readFileSync(join(home, "told"), "utf8"),
  };
}

const user = onlyWhere(LINUX && !isRoot, "root has no services of its own");

user.test("a service of the user is installed, seen, and removed", async () => {
  using home = tmpFolder();
  const { install, setup, told } = withSystemctl(home.path);
  expect(await runToEnd(install, setup)).toMatchObject({ code: 0 });
  expect((await runToEnd(["service", "status", ID], setup)).code).toBe(0);
  expect((await runToEnd(["service", "uninstall", ID], setup)).code).toBe(0);
  expect((await runToEnd(["service", "status", ID], setup)).code).toBe(1);
  expect(told()).toContain(`--user enable molecule@${ID}.service`);
  expect(told()).toContain(`--user disable --now molecule@${ID}.service`);
});

const root = onlyWhere(LINUX && isRoot, "for root alone");

root.test("a service of root's own is refused", async () => {
  using home = tmpFolder();
  const { install, setup } = withSystemctl(home.path);
  const { code, stderr } = await runToEnd(install, setup);
  expect([code, stderr]).toEqual([2, expect.stringContaining("--system")]);
});
