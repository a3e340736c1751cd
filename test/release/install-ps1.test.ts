/** scripts/install.ps1: its text anywhere, and itself where there is a PowerShell on Windows. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BINARY, ROOT } from "../../scripts/set-up.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { type Files, listed, ReleaseServer, zip } from "./install-release.ts";

const SCRIPT = join(ROOT, "scripts", "install.ps1");
const text = readFileSync(SCRIPT, "utf8");
/** Without comments and strings: what PowerShell would run. */
const code = text.replace(/@"[^]*?\n"@|'(?:[^']|'')*'|"(?:[^"`]|`.)*"|#.*/g, "");

const SHELLS = ["powershell", "pwsh"].filter(
  (name) => process.platform === "win32" && Bun.which(name) !== null,
);

describe("install.ps1", () => {
  test("is plain ASCII: 5.1 reads a downloaded text in another code", () => {
    expect(text).toMatch(/^[\n\x20-\x7e]*$/);
  });

  test("ends no session, and has no word that 5.1 does not know", () => {
    expect(code).not.toMatch(/\bexit\b/i);
    expect(code).not.toMatch(/\$Is(Windows|Linux|MacOS)\b/i);
    // It has no limit for the size of an answer, and in 5.1 follows a redirect to http.
    expect(code).not.toMatch(/\b(Invoke-WebRequest|Invoke-RestMethod|Expand-Archive)\b/i);
    expect(code).not.toMatch(/&&|\|\||\?\?|\?\.|\s\?\s/);
  });

  test("is one block, which a cut-off download does not close", () => {
    const start = code.indexOf("\n& {");
    expect(start).toBeGreaterThan(0);
    expect(code.slice(0, start)).not.toMatch(/function|Install-/);
    // Its end is the script's, so that no cut leaves a whole block without what it is given.
    expect(closedAt(code, start)).toBe(code.trimEnd().length);
    expect(code.trimEnd()).toEndWith("\n    Install-Molecule\n}");
  });

  test("says in its help that the PATH has an entry to remove", () => {
    expect(/@"[^]*?\n"@/.exec(text)?.[0]).toMatch(/To undo it, .*folder out of your\s+PATH/);
  });
});

describe
  .if(SHELLS.length > 0)
  .each(SHELLS.length > 0 ? SHELLS : ["PowerShell on Windows, which is not here,"])(
  "install.ps1 in %s",
  (shell) => {
    function run(folder: string, env: Record<string, string>, script = `& '${SCRIPT}'`) {
      const child = Bun.spawn(
        [
          shell,
          "-NoProfile",
          "-ExecutionPolicy",
          "Bypass",
          "-Command",
          `$ErrorActionPreference = 'Stop'; ${script}`,
        ],
        {
          env: {
            ...(process.env as Record<string, string>),
            TEMP: join(folder, "tmp"),
            TMP: join(folder, "tmp"),
            MOLECULE_INSTALL_DIR: join(folder, "it's here"),
            MOLECULE_NO_PATH: "1",
            ...env,
          },
          stdin: "ignore",
          stdout: "pipe",
          stderr: "pipe",
        },
      );
      return Promise.all([
        child.exited,
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
      ]);
    }

    function lab() {
      const folder = tmpFolder();
      mkdirSync(join(folder.path, "tmp"));
      return folder;
    }

    const installed = (folder: string) => join(folder, "it's here", "molecule.exe");

    test("installs from a server, piped as a user does, and again changes nothing", async () => {
      using folder = lab();
      using server = new ReleaseServer(release());
      const env = { MOLECULE_BASE_URL: server.url };
      const piped = `Get-Content -Raw -LiteralPath '${SCRIPT}' | Invoke-Expression; 'still here'`;
      const [status, out, err] = await run(folder.path, env, piped);
      expect({ status, err }).toMatchObject({ status: 0 });
      expect(out).toContain("is installed:");
      expect(out).toContain("still here");
      expect(existsSync(installed(folder.path))).toBe(true);
      const [, again] = await run(folder.path, env);
      expect(again).toContain("is already installed:");
      expect(readdirSync(join(folder.path, "tmp"))).toEqual([]);
    }, 120_000);

    test("replaces a program that is running", async () => {
      using folder = lab();
      const target = installed(folder.path);
      mkdirSync(join(folder.path, "it's here"));
      // Another end makes it another program that runs all the same.
      writeFileSync(target, Buffer.concat([readFileSync(BINARY), Buffer.from(" ")]));
      const running = Bun.spawn([target, "dev", "--ephemeral", "--port", "0"], {
        stdout: "pipe",
        stderr: "ignore",
      });
      await running.stdout.getReader().read();
      using server = new ReleaseServer(release());
      const [status, , err] = await run(folder.path, { MOLECULE_BASE_URL: server.url });
      expect({ status, err }).toMatchObject({ status: 0 });
      expect(readFileSync(target).length).toBe(readFileSync(BINARY).length);
      running.kill();
      await running.exited;
    }, 120_000);

    test.each<[string, Files, string]>([
      ["another sum", { ...release(), [archiveName()]: "x" }, "is not what the release's list"],
      [
        "a missing file",
        { "checksums.txt": release()["checksums.txt"] ?? "" },
        "is not there (404)",
      ],
      ["no list", { "checksums.txt": "<html>" }, "names 0 files for Windows"],
    ])(
      "refuses %s, and leaves nothing",
      async (_, files, why) => {
        using folder = lab();
        using server = new ReleaseServer(files);
        const [status, , err] = await run(folder.path, { MOLECULE_BASE_URL: server.url });
        expect(status).not.toBe(0);
        expect(err.replace(/\s+/g, " ")).toContain(why);
        expect(existsSync(installed(folder.path))).toBe(false);
        expect(readdirSync(join(folder.path, "tmp"))).toEqual([]);
      },
      120_000,
    );

    test("removes the folder that it made for a program of another version", async () => {
      using folder = lab();
      const name = archiveName().replace(version(), "99.0.0");
      const files = listed({ [name]: release()[archiveName()] ?? "" });
      using server = new ReleaseServer(files);
      const [status, , err] = await run(folder.path, {
        MOLECULE_BASE_URL: server.url,
        MOLECULE_INSTALL_DIR: join(folder.path, "new", "bin"),
      });
      expect(status).not.toBe(0);
      expect(err.replace(/\s+/g, " ")).toContain("The program in the archive says");
      expect(readdirSync(folder.path)).toEqual(["tmp"]);
    }, 120_000);

    test("refuses an older release than what is there, unless it is asked for", async () => {
      using folder = lab();
      mkdirSync(join(folder.path, "it's here"));
      writeFileSync(installed(folder.path), readFileSync(BINARY));
      const name = archiveName().replace(version(), "0.0.1");
      using server = new ReleaseServer(listed({ [name]: "x" }));
      const env = { MOLECULE_BASE_URL: server.url };
      const [, , err] = await run(folder.path, env);
      expect(err.replace(/\s+/g, " ")).toContain("is older: 0.0.1");
      expect(server.names).toEqual(["checksums.txt"]);
      await run(folder.path, { ...env, MOLECULE_VERSION: "0.0.1" });
      expect(server.names).toContain(name);
    }, 120_000);

    test.each<[string, (url: string) => Response, string]>([
      [
        "a redirect to http",
        (url) => Response.redirect(`${url}/other`),
        "to an address that isn't https",
      ],
      ["a list without an end", () => new Response("x".repeat(2 ** 21)), "far larger"],
    ])(
      "refuses %s",
      async (_, answer, why) => {
        using folder = lab();
        using server = new ReleaseServer(release());
        server.answers.set("/checksums.txt", () => answer(server.url));
        const [status, , err] = await run(folder.path, { MOLECULE_BASE_URL: server.url });
        expect(status).not.toBe(0);
        expect(err.replace(/\s+/g, " ")).toContain(why);
        expect(server.names).toEqual(["checksums.txt"]);
      },
      120_000,
    );

    test.each([
      ["file://server/share", "no folder of this machine"],
      ["\\\\server\\share", "no folder of this machine"],
      ["//server/share", "no folder of this machine"],
      ["https:/example.com", "no // after its first colon"],
    ])(
      "refuses the address %s",
      async (address, why) => {
        using folder = lab();
        const [status, , err] = await run(folder.path, { MOLECULE_BASE_URL: address });
        expect(status).not.toBe(0);
        expect(err.replace(/\s+/g, " ")).toContain(why);
      },
      120_000,
    );

    test("refuses plain http to another machine", async () => {
      using folder = lab();
      const env = { MOLECULE_BASE_URL: "http://mirror.example.com" };
      const [status, , err] = await run(folder.path, env);
      expect(status).not.toBe(0);
      expect(err.replace(/\s+/g, " ")).toContain("without encryption");
    }, 120_000);
  },
);

/** The end of the block that begins after that place. */
function closedAt(code: string, start: number): number | undefined {
  let depth = 0;
  for (let at = code.indexOf("{", start); at < code.length; at++) {
    if (code[at] === "{") depth++;
    if (code[at] === "}" && --depth === 0) return at + 1;
  }
  return undefined;
}

function version(): string {
  return /^molecule (\S+)/.exec(Bun.spawnSync([BINARY, "--version"]).stdout.toString())?.[1] ?? "";
}

function archiveName(): string {
  return `molecule_${version()}_windows_amd64.zip`;
}

function release(): Files {
  if (SHELLS.length === 0) return {};
  return listed({ [archiveName()]: zip("molecule.exe", readFileSync(BINARY)) });
}
