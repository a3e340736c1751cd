/** A token that the platform shows once is not lost to Ctrl-C. */
import { describe, expect, setDefaultTimeout } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { bareEnv, onPosix } from "../../harness/platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { lab, type Lab } from "../dev/lab.ts";

const { test } = onPosix("Windows knows no signals");

setDefaultTimeout(60_000);

const MAIN = join(import.meta.dir, "..", "..", "..", "src", "main.ts");

/** The program as a process of its own. */
function start(words: readonly string[], home: string, url: string, token: string) {
  return Bun.spawn([process.execPath, MAIN, ...words, "--api-url", url], {
    cwd: home,
    env: { ...bareEnv(home), MOLECULE_API_TOKEN: token, MOLECULE_STATE_DIR: join(home, "state") },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
}

const COMMANDS: [what: string, path: RegExp, words: (id: string) => string[]][] = [
  ["workspace create", /^\/workspaces$/, () => ["workspace", "create", "reader"]],
  ["workspace rotate-token", /\/rotate$/, (id) => ["workspace", "rotate-token", id, "--yes"]],
  ["token create", /\/tokens$/, (id) => ["token", "create", id, "--save"]],
];

/** Runs it, and signals as the platform has done the work, before its answer is there. */
async function interrupted(home: string, path: RegExp, words: (id: string) => string[]) {
  let strike = () => {};
  const at: Lab = await lab({
    onRequest: (line) => {
      if (line.method === "POST" && path.test(line.path)) strike();
    },
  });
  const { id } = await at.member("other");
  const child = start(words(id), home, at.platform.url, at.admin);
  strike = () => child.kill("SIGINT");
  const stderr = await child.stderr.text();
  const code = await child.exited;
  return { at, code, stderr };
}

describe("a first signal waits until the new token is kept", () => {
  test.each(COMMANDS)("of %s", async (_, path, words) => {
    using home = tmpFolder();
    const { at, code, stderr } = await interrupted(home.path, path, words);
    await using _at = at;
    expect(code).toBe(130);
    expect(stderr).toContain("the platform shows the token only once");
    const [file = ""] = readdirSync(join(home.path, "state"));
    const token = readFileSync(join(home.path, "state", file), "utf8").split("\n")[0] ?? "";
    const state = `/workspaces/${file.replace(".token", "")}/state`;
    expect((await at.get(state, { token })).status).toBe(200);
  });
});

test("a second signal ends it at once", async () => {
  using home = tmpFolder();
  let asked = () => {};
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch: () => {
      asked();
      return new Promise<Response>(() => {});
    },
  });
  try {
    const child = start(["workspace", "create", "reader"], home.path, server.url.href, "t");
    asked = () => child.kill("SIGINT");
    let stderr = "";
    for await (const chunk of child.stderr) {
      stderr += new TextDecoder().decode(chunk);
      // Another one than the first: the same at once would be taken for its echo.
      if (stderr.includes("a second signal stops at once")) child.kill("SIGTERM");
    }
    await child.exited;
    expect(child.signalCode).toBe("SIGINT");
  } finally {
    await server.stop(true);
  }
});
