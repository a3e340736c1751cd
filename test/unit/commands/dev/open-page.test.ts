/** What opens the page in a browser, and what it is told. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { maskedIo } from "../../../../src/cli/output.ts";
import { openerOf, openPage } from "../../../../src/commands/dev/open-page.ts";
import { Secrets } from "../../../../src/shared/secrets.ts";
import { onLinux, onPosix, pathWith } from "../../../harness/platform.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { lookUntil } from "../../../harness/wait.ts";

setDefaultTimeout(60_000);

const LINK = "http://127.0.0.1:8080/#ticket=a-b_c";

/** A folder of programs, each a line for sh. */
function programs(all: Record<string, string>) {
  const folder = tmpFolder();
  for (const [name, text] of Object.entries(all)) {
    const path = join(folder.path, name);
    writeFileSync(path, `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o755);
  }
  return folder;
}

function open(env: Record<string, string>, secrets = new Secrets(), system = "linux"): string[] {
  const failed: string[] = [];
  const io = maskedIo({ secrets, out: async () => {}, err: () => {} });
  openPage(LINK, { env, io }, (why) => void failed.push(why), system);
  return failed;
}

const posix = onPosix("Windows runs no scripts of sh");

posix.test("a name that no system takes is told, and ends nothing", () => {
  const failed = open({ PATH: "/usr/bin:/bin", BROWSER: "a".repeat(5_000) });
  expect(failed).toHaveLength(1);
  expect(failed[0]?.length).toBeLessThan(300);
});

posix.describe("the program that opens it", () => {
  const NONE = { PATH: "/nowhere" };

  test("is the system's own", () => {
    using bin = programs({ open: "", "xdg-open": "", rundll32: "" });
    const at = (name: string) => join(bin.path, name);
    const env = { PATH: bin.path };
    expect(openerOf(LINK, env, "linux")).toEqual([at("xdg-open"), LINK]);
    expect(openerOf(LINK, env, "freebsd")).toEqual([at("xdg-open"), LINK]);
    expect(openerOf(LINK, env, "darwin")).toEqual([at("open"), LINK]);
    expect(openerOf(LINK, env, "win32")).toEqual([
      at("rundll32"),
      "url.dll,FileProtocolHandler",
      LINK,
    ]);
    for (const system of ["linux", "darwin", "win32"]) {
      expect(openerOf(LINK, NONE, system)).toBeUndefined();
    }
  });

  test("is the first of $BROWSER that is there, on Linux", () => {
    using bin = programs({ "xdg-open": "", lynx: "", firefox: "" });
    const at = (name: string) => join(bin.path, name);
    const by = (BROWSER: string, system = "linux") =>
      openerOf(LINK, { PATH: bin.path, BROWSER }, system);
    expect(by("firefox")).toEqual([at("firefox"), LINK]);
    expect(by("gone:lynx:firefox")).toEqual([at("lynx"), LINK]);
    expect(by("firefox  --new-window %s --x")).toEqual([
      at("firefox"),
      "--new-window",
      LINK,
      "--x",
    ]);
    expect(by("gone")).toEqual([at("xdg-open"), LINK]);
    expect(by(" : ")).toEqual([at("xdg-open"), LINK]);
    expect(by("firefox", "darwin")).toBeUndefined();
  });
});

describe("opening it", () => {
  onLinux("elsewhere ps tells no session").test(
    "hands over the link, without what is secret here, in a session of its own",
    async () => {
      const wrote = 'printf "%s\\n" "$@" > "$OUT.tmp"; env >> "$OUT.tmp"; ';
      const group = 'echo "session $(ps -o sid= -p $$)" >> "$OUT.tmp"; mv "$OUT.tmp" "$OUT"';
      using bin = programs({ "xdg-open": wrote + group });
      const out = join(bin.path, "out");
      const secrets = new Secrets();
      secrets.add("canary-of-the-page");
      const failed = open(
        {
          PATH: pathWith(bin.path),
          OUT: out,
          MOLECULE_API_TOKEN: "canary-of-the-variable",
          MOLECULE_WORKSPACE_TOKEN_FILE: "/canary",
          OTHER: "with the canary-of-the-page in it",
          BUN_OPTIONS: "--canary",
        },
        secrets,
      );
      await lookUntil(() => existsSync(out));
      const told = readFileSync(out, "utf8");
      expect(told.split("\n")[0]).toBe(LINK);
      expect(told).toContain(`OUT=${out}`);
      expect(told).not.toContain("canary");
      const own = Bun.spawnSync(["ps", "-o", "sid=", "-p", String(process.pid)]).stdout.toString();
      expect(told).toMatch(/^session +\d+$/m);
      expect(told).not.toMatch(new RegExp(`^session +${own.trim()}$`, "m"));
      expect(failed).toEqual([]);
    },
  );

  posix.test(
    "that fails is told, also where the program is missing or can't be started",
    async () => {
      using bin = programs({ "xdg-open": "exit 3" });
      const path = join(bin.path, "xdg-open");
      const failed = open({ PATH: pathWith(bin.path) });
      await lookUntil(() => failed.length > 0);
      expect(failed).toEqual([`${path} ended with 3`]);
      expect(open({ PATH: "/nowhere" })).toEqual(["there is no xdg-open on the PATH"]);
      expect(open({ PATH: "/nowhere" }, undefined, "win32")).toEqual([
        "there is no rundll32 on the PATH",
      ]);
      writeFileSync(path, "#!/no/such/interpreter\n");
      const unstarted = open({ PATH: bin.path });
      await lookUntil(() => unstarted.length > 0);
      expect(unstarted).toEqual([expect.stringContaining(path)]);
    },
  );
});
