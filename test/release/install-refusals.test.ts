/** What scripts/install.sh does not install: nothing is changed then, and it says why. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { head, RawServer } from "../harness/raw-server.ts";
import { Lab, type Setup } from "./install-lab.ts";
import {
  archive,
  archiveName,
  type Files,
  listed,
  type Member,
  program,
  release,
  ReleaseServer,
  RELEASES,
  sha256,
} from "./install-release.ts";

const OLD = program("9.9.8");
const DOWNLOADERS = ["curl", "wget"].filter((tool) => Bun.which(tool) !== null);

/** An attempt to replace an older program, which must still be there afterwards. */
async function refused(setup: Setup, prepare: (lab: Lab) => void = () => {}): Promise<string> {
  using lab = new Lab();
  lab.write(lab.target, OLD);
  prepare(lab);
  const { code, stderr, stdout } = await lab.install(setup);
  expect(code, stderr).toBeGreaterThan(0);
  expect(stderr).toContain("error: ");
  expect(stdout).toBe("");
  expect(lab.installed).toBe(OLD);
  return stderr;
}

async function refusedFiles(files: Files, env: Record<string, string> = {}): Promise<string> {
  using server = new ReleaseServer(files);
  return await refused({ env: { MOLECULE_BASE_URL: server.url, ...env } });
}

describe.skipIf(process.platform === "win32")("install.sh refuses", () => {
  test("a file with another sum", async () => {
    const files = { ...release(), [archiveName()]: archive([{ name: "molecule", body: "x" }]) };
    const said = await refusedFiles(files);
    expect(said).toContain(`${archiveName()} is not what the release's list of files says`);
  });

  test("a file of the right length whose end did not come", async () => {
    const files = release();
    const damaged = Buffer.from(files[archiveName()]!);
    damaged.fill(0, damaged.length - 20);
    const said = await refusedFiles({ ...files, [archiveName()]: damaged });
    expect(said).toContain("is not what the release's list of files says");
  });

  test.each(DOWNLOADERS)("a download that breaks off each time: %s", async (tool) => {
    const files = release();
    using server = new RawServer((socket) => {
      const name = socket.data.text.includes("checksums.txt") ? "checksums.txt" : archiveName();
      const body = Buffer.from(files[name]!);
      socket.write(head("200 OK", { "Content-Length": `${body.length}`, Connection: "close" }));
      socket.write(name === "checksums.txt" ? body : body.subarray(0, body.length / 2));
      socket.end();
    });
    const said = await refused({ env: { MOLECULE_BASE_URL: server.url } }, (lab) =>
      lab.unlink(...DOWNLOADERS.filter((name) => name !== tool)),
    );
    expect(said).toContain(`${archiveName()} can't be fetched`);
    const asked = server.requests.filter((text) => text.includes(archiveName()));
    expect(asked.length).toBe(3);
  });

  test.each(DOWNLOADERS)("a file that the list names and nobody has: %s", async (tool) => {
    const { "checksums.txt": list = "" } = release();
    using server = new ReleaseServer({ "checksums.txt": list });
    const said = await refused({ env: { MOLECULE_BASE_URL: server.url } }, (lab) =>
      lab.unlink(...DOWNLOADERS.filter((name) => name !== tool)),
    );
    expect(said).toContain(`${archiveName()} is not there (404)`);
  });

  test("a release without a file for this system", async () => {
    const said = await refusedFiles(release({ platform: "linux_arm64" }));
    expect(said).toContain("has no file for this system (linux_amd64)");
    expect(said).toContain(archiveName("9.9.9", "linux_arm64"));
  });

  const sum = sha256(release()[archiveName()]!);
  test.each([
    ["a page of a proxy", "<html>please log in</html>", "is not a list of release files"],
    ["nothing", "", "is not a list of release files"],
    ["a sum that is none", `${sum.slice(1)}  ${archiveName()}`, "is broken"],
    ["a sum with letters", `g${sum.slice(1)}  ${archiveName()}`, "is broken"],
    ["no sum", `${archiveName()} ${archiveName()}`, "is broken"],
    ["a path in a version", `${sum}  molecule_1/../../x_linux_amd64.tar.gz`, "is not a list"],
    [
      "a command in a version",
      `${sum}  molecule_$(touch\${IFS}x)_linux_amd64.tar.gz`,
      "is not a list",
    ],
    ["two versions", `${sum}  ${archiveName("1.0.0")}\n${sum}  ${archiveName()}`, "names two"],
  ])("a list with %s", async (_, list, why) => {
    expect(await refusedFiles({ ...release(), "checksums.txt": list })).toContain(why);
  });

  test.each(DOWNLOADERS)("a list without an end: %s", async (tool) => {
    const list = `${release()["checksums.txt"]}${"0 padding\n".repeat(400_000)}`;
    using server = new ReleaseServer({ ...release(), "checksums.txt": list });
    const said = await refused({ env: { MOLECULE_BASE_URL: server.url } }, (lab) =>
      lab.unlink(...DOWNLOADERS.filter((name) => name !== tool)),
    );
    expect(said).toContain("can't be fetched");
  });

  test.each<[string, Member[], string]>([
    ["no program", [{ name: "README.md", body: "x" }], "can't be unpacked"],
    ["a program elsewhere", [{ name: "bin/molecule", body: program() }], "can't be unpacked"],
    ["a path upwards", [{ name: "../../molecule", body: program() }], "can't be unpacked"],
    ["a link for a program", [{ name: "molecule", link: { to: "/bin/sh" } }], "no program named"],
    [
      "a hard link",
      [{ name: "molecule", link: { to: "/bin/sh", hard: true } }],
      "no program named",
    ],
  ])("an archive with %s", async (_, members, why) => {
    expect(await refusedFiles(release({ members }))).toContain(why);
  });

  test("an archive that writes through a link of its own, or over what is there", async () => {
    using lab = new Lab();
    const victim = lab.write(join(lab.home, "victim"), "precious");
    lab.publish(
      release({
        members: [
          { name: "molecule", link: { to: victim } },
          { name: "molecule", body: program() },
          { name: victim, body: "gone" },
          { name: "../home/victim", body: "gone" },
        ],
      }),
    );
    await lab.install({ env: { MOLECULE_BASE_URL: lab.release } });
    expect(readFileSync(victim, "utf8")).toBe("precious");
  });

  test("an archive that is none", async () => {
    expect(await refusedFiles(listed({ [archiveName()]: "<html>" }))).toContain("be unpacked");
  });

  test("a program that does not run", async () => {
    const members = [{ name: "molecule", body: "#!/bin/sh\necho broken >&2; exit 3\n" }];
    const said = await refusedFiles(release({ members }));
    expect(said).toContain("broken");
    expect(said).toContain("molecule 9.9.9 does not run here (it ended with 3)");
  });

  test.each(["9.9.90", "9.9.9-rc.1", "9.9.8"])("a program that says to be %s", async (version) => {
    const said = await refusedFiles(
      release({ members: [{ name: "molecule", body: program(version) }] }),
    );
    expect(said).toContain(`says "molecule ${version} (abcdef0)"`);
  });

  test("a version that was not asked for", async () => {
    const said = await refusedFiles(release(), { MOLECULE_VERSION: "9.9.7" });
    expect(said).toContain("Version 9.9.7 was asked for");
  });

  test("a version that there is not", async () => {
    using server = new ReleaseServer();
    const said = await refused({
      args: ["--version", "4.5.6"],
      env: { MOLECULE_GITHUB_URL: server.url },
    });
    expect(said).toContain("There is no release 4.5.6");
    expect(server.asked).toEqual([`${RELEASES}/download/v4.5.6/checksums.txt`]);
  });
});

describe.skipIf(process.platform === "win32")("install.sh refuses, before it asks anyone,", () => {
  test.each([
    [["--frce"], {}, "There is no argument --frce"],
    [["1.2.3"], {}, "There is no argument 1.2.3"],
    [["--version"], {}, "--version needs a value"],
    [["--dir", ""], {}, "--dir needs a value"],
    [["--dir="], {}, "--dir needs a value"],
    [["--version="], {}, "--version needs a value"],
    [["--version", "--dir", "/x"], {}, "--version needs a value"],
    [["--version=v"], {}, '"v" is not a version'],
    [["--version", "../x"], {}, "is not a version"],
    [["--version", "1.0 0"], {}, "is not a version"],
    [[], { MOLECULE_VERSION: "newest" }, "is not a version"],
    [[], { MOLECULE_VERIFY_SIGNATURE: "no" }, "MOLECULE_VERIFY_SIGNATURE is 0"],
    [[], { MOLECULE_BASE_URL: "http://mirror.example.com/x" }, "without encryption"],
    [[], { MOLECULE_BASE_URL: "http://127.0.0.1@example.com/x" }, "without encryption"],
    [[], { MOLECULE_BASE_URL: "http://localhost:1@example.com" }, "without encryption"],
    [[], { MOLECULE_BASE_URL: "http://127.example.com" }, "without encryption"],
    [[], { MOLECULE_BASE_URL: "http://localhost.example.com:80" }, "without encryption"],
    [[], { MOLECULE_BASE_URL: "http://example.com\\@localhost" }, "must be an address without"],
    [[], { MOLECULE_BASE_URL: "https://example.com/x?y" }, "must be an address without"],
    [[], { MOLECULE_BASE_URL: "https://a b" }, "must be an address without spaces"],
    [[], { MOLECULE_BASE_URL: "https:/example.com/x" }, "has no // after its first colon"],
    [[], { MOLECULE_BASE_URL: "file://server/share" }, "only https and file"],
    [[], { TMPDIR: "/nowhere/tmp" }, "The folder for temporary files is not there: /nowhere/tmp"],
    [[], { MOLECULE_BASE_URL: "ftp://example.com" }, "only https and file"],
    [[], { MOLECULE_GITHUB_URL: "http://example.com" }, "without encryption"],
  ])("%j %j", async (args, env, why) => {
    const said = await refused({ args, env: env as Record<string, string> });
    expect(said).toContain(why);
  });

  test("and does not show the password of an address", async () => {
    const env = { MOLECULE_BASE_URL: "ftp://me:hunter2@example.com/x" };
    const said = await refused({ env });
    expect(said).toContain("ftp://example.com/x:");
    expect(said).not.toContain("hunter2");
  });

  test.each([
    ["ftp://example.com/@scope/x", "ftp://example.com/@scope/x:"],
    ["ftp://me:hunter2@example.com/@scope/x@1", "ftp://example.com/@scope/x@1:"],
    ["ftp://me@home:hunter2@example.com", "ftp://example.com:"],
  ])("and shows the rest of an address: %s", async (address, shown) => {
    expect(await refused({ env: { MOLECULE_BASE_URL: address } })).toContain(` ${shown}`);
  });

  test.each(DOWNLOADERS)("and never follows a redirect to http: %s", async (tool) => {
    using server = new ReleaseServer(release(), "/elsewhere");
    for (const name of Object.keys(release())) {
      const to = `${server.url}/elsewhere/${name}`;
      server.answers.set(`/${name}`, () => Response.redirect(to));
    }
    const said = await refused({ env: { MOLECULE_BASE_URL: server.url } }, (lab) =>
      lab.unlink(...DOWNLOADERS.filter((name) => name !== tool)),
    );
    expect(said).toContain("leads to an address that isn't https");
  });
});
