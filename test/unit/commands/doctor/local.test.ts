/** The configuration, the backend and the program itself. */
import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "../../../../src/cli/command.ts";
import { backend } from "../../../../src/commands/doctor/backend-check.ts";
import type { DoctorValues } from "../../../../src/commands/doctor/doctor.ts";
import { examine } from "../../../../src/commands/doctor/examine.ts";
import { Patient } from "../../../../src/commands/doctor/patient.ts";
import { Secrets } from "../../../../src/shared/secrets.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { fakeClaude } from "../../../harness/fake-claude.ts";
import { onPosix, pathWith } from "../../../harness/platform.ts";
import { freePort } from "../../../harness/port.ts";
import { untilGone, untilSeen } from "../../../harness/processes.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { marker, script } from "../../backends/support.ts";
import { examined } from "./lab.ts";

const posix = onPosix("the stand-in for claude is a script").describe;
const URL = "http://localhost:1";
const offline = { offline: true };

describe("the configuration", () => {
  test("says where what matters comes from", async () => {
    const found = await examined(URL, { flags: offline });
    expect(found.of("config")).toMatchObject({ status: "ok" });
    expect(found.of("config").detail).toContain("the address is from --api-url");
    expect(found.of("config").detail).toContain("the token is from MOLECULE_WORKSPACE_TOKEN");
  });

  test("takes a file's values, and names their lines", async () => {
    using folder = tmpFolder();
    const file = join(folder.path, "mine.yaml");
    writeFileSync(file, "backend: mock\n");
    const found = await examined(URL, { flags: { ...offline, config: file, backend: undefined } });
    expect(found.of("config").detail).toContain(`the backend is from ${file}:1`);
    expect(found.of("backend").detail).toBe("mock is ready");
  });

  test("names what is wrong with a file by its line, and goes on: exit 2", async () => {
    using folder = tmpFolder();
    const file = join(folder.path, "mine.yaml");
    writeFileSync(file, "backend: mock\nbakend_opt: [a]\n");
    const found = await examined(URL, { flags: { ...offline, config: file } });
    expect(found.code).toBe(2);
    expect(found.of("config").status).toBe("failed");
    expect(found.of("config").detail).toContain(`${file}:2`);
    expect(found.of("backend").status).toBe("ok");
  });

  test("names a file that --config leads to in vain: exit 2", async () => {
    const found = await examined(URL, { flags: { ...offline, config: "no-such.yaml" } });
    expect(found.code).toBe(2);
    expect(found.of("config").detail).toContain("no-such.yaml");
  });
});

describe("the backend", () => {
  test.each([
    ["that nobody knows", { backend: "claud-code" }, 2, "claude-code"],
    ["without an option that it needs", { backend: "exec" }, 2, "cmd"],
    ["with an option that it has not", { backend: "mock", "backend-opt": "foo=1" }, 2, "foo"],
    [
      "whose program is missing",
      { backend: "claude-code", "backend-opt": "bin=no-such-program-here" },
      1,
      "no-such-program-here",
    ],
  ])("%s is a failure with a hint", async (_, flags, code, words) => {
    const found = await examined(URL, { flags: { ...offline, ...flags } });
    expect(found.of("backend").status).toBe("failed");
    expect(`${found.of("backend").detail} ${found.of("backend").hint}`).toContain(words);
    expect(found.of("backend").hint).not.toBeNull();
    expect(found.code).toBe(code);
  });

  test("that nobody chose is a warning only", async () => {
    using empty = tmpFolder();
    const found = await examined(URL, {
      flags: { ...offline, backend: undefined },
      env: { PATH: empty.path },
    });
    expect(found.of("backend")).toMatchObject({ status: "warning" });
    expect(found.of("backend").detail).toStartWith("the default one can't work");
    expect(found.code).toBe(0);
  });

  test("that asks a server is asked, but not with --offline", async () => {
    const flags = { backend: "http", "backend-opt": `url=http://127.0.0.1:${freePort()}/` };
    const left = await examined(URL, { flags: { ...offline, ...flags } });
    expect(left.of("backend").status).toBe("skipped");
    const asked = await examined(URL, { flags });
    expect(asked.of("backend").status).toBe("warning");
    expect(asked.of("backend").detail).toContain("nothing answers");
  });
});

posix("the login of the backend", () => {
  const OUT = '{"loggedIn":false,"authMethod":"none","apiProvider":"firstParty"}';
  const IN = '{"loggedIn":true,"authMethod":"api_key","apiProvider":"firstParty"}';

  /** The doctor with a Claude Code that says this of its login. */
  async function withLogin(login: string, flags: Record<string, string | undefined>) {
    using folder = tmpFolder();
    const claude = fakeClaude(folder.path);
    claude.says(login);
    const env = { PATH: pathWith(folder.path) };
    return { ...(await examined(URL, { flags: { ...offline, ...flags }, env })), claude };
  }

  test("that is missing is a failure with a hint, and a warning where nobody chose the backend", async () => {
    const chosen = await withLogin(OUT, { backend: "claude-code" });
    expect(chosen.of("backend")).toMatchObject({
      status: "failed",
      detail: "claude is not logged in",
      hint: expect.stringContaining("log in"),
    });
    expect(chosen.code).toBe(1);
    const found = await withLogin(OUT, { backend: undefined });
    expect(found.of("backend")).toMatchObject({
      status: "warning",
      detail: "the default one can't work: claude is not logged in",
      hint: expect.stringContaining("log in"),
    });
    expect(found.code).toBe(0);
  });

  test("that is there is named", async () => {
    const found = await withLogin(IN, { backend: "claude-code" });
    expect(found.of("backend")).toMatchObject({
      status: "ok",
      detail: "claude-code is ready, logged in by api_key",
    });
  });

  test("that nobody knows shows with the first message", async () => {
    const found = await withLogin("what?", { backend: "claude-code" });
    expect(found.of("backend").status).toBe("ok");
    expect(found.of("backend").detail).toStartWith(
      "claude-code is ready; whether it is logged in shows with its first message",
    );
  });

  test("is not waited for beyond the check's own time, and nothing is left of the program", async () => {
    using folder = tmpFolder();
    const [clock, mark] = [new ManualClock(), marker()];
    // It takes its time to say its version, too.
    script(
      folder.path,
      "claude",
      `case $1 in --version) while [ ! -e "$GO" ]; do sleep 0.01; done; echo 2.1.250;; *) sleep 300; :;; esac`,
    );
    const go = join(folder.path, "go");
    const context = {
      io: { secrets: new Secrets() },
      env: { PATH: pathWith(folder.path), MARK: mark, GO: go },
      source: () => "flag",
    } as unknown as Context;
    const values = { backend: "claude-code", backendOpt: [], offline: true };
    const parts = { clock, workspaceId: undefined, folder: "/nowhere" };
    const patient = new Patient(values as unknown as DoctorValues, context, parts);
    const results = examine([backend], patient, () => {});
    await clock.untilSleeping((_, asked) => asked === 20_000);
    await clock.advance(7_000);
    writeFileSync(go, "");
    // Of 15 s four are for its end.
    await clock.untilSleeping((ms) => ms === 4_000);
    await untilSeen(mark, 2);
    await clock.advance(4_000);
    let isOver = false;
    void results.then(() => (isOver = true));
    await clock.advanceUntil(() => isOver);
    expect((await results)[0]).toMatchObject({
      status: "ok",
      detail: expect.stringContaining("did not say so in time"),
    });
    await untilGone(mark);
  }, 60_000);
});

test("this program says its version and where it runs", async () => {
  const found = await examined(URL, { flags: offline });
  expect(found.of("binary").detail).toContain(`${process.platform} ${process.arch}`);
});

test("an id that can't be one is a usage error before anything is looked at", async () => {
  const found = await examined(URL, { id: "../etc", flags: offline });
  expect(found.code).toBe(2);
  expect(found.stdout).toBe("");
});
