/** The configuration, the backend and the program itself. */
import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../../harness/port.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { examined } from "./lab.ts";

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

test("this program says its version and where it runs", async () => {
  const found = await examined(URL, { flags: offline });
  expect(found.of("binary").detail).toContain(`${process.platform} ${process.arch}`);
});

test("an id that can't be one is a usage error before anything is looked at", async () => {
  const found = await examined(URL, { id: "../etc", flags: offline });
  expect(found.code).toBe(2);
  expect(found.stdout).toBe("");
});
