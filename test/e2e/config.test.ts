/** Config files as the program itself reads them, from real folders and a real environment. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { runToEnd } from "../harness/binary.ts";
import { Dev } from "../harness/connect.ts";
import { onPosix } from "../harness/platform.ts";
import { program } from "../harness/program.ts";
import { tmpFolder } from "../harness/tmp.ts";

setDefaultTimeout(60_000);

const inShell = onPosix("Windows has no /dev/stdin, and its lines are not for sh").test;

/** A home, a project's folder in it, and the program run there. */
class Place implements Disposable {
  readonly #tmp = tmpFolder();
  readonly home = this.#tmp.path;
  readonly folder = join(this.home, "my project");

  constructor() {
    mkdirSync(this.folder);
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode: 0o600 });
  }

  project = (text: string) => this.write(join(this.folder, "molecule.yaml"), text);
  user = (text: string) => this.write(join(this.home, ".config", "molecule.yaml"), text);

  run = (args: string[], env: Record<string, string> = {}) =>
    runToEnd(args, { home: this.home, cwd: this.folder, env });

  [Symbol.dispose](): void {
    this.#tmp[Symbol.dispose]();
  }
}

test("the nearest of flag, variable, project, user and default counts", async () => {
  using place = new Place();
  const url = async (env: Record<string, string> = {}, ...flags: string[]) =>
    (await place.run(["config", "get", "api_url", ...flags], env)).stdout.trim();
  expect(await url()).toBe("http://localhost:8080");
  place.user("api_url: http://user.example\n");
  expect(await url()).toBe("http://user.example");
  place.project("api_url: http://project.example\n");
  expect((await place.run(["config", "trust"])).code).toBe(0);
  expect(await url()).toBe("http://project.example");
  expect(await url({ MOL_API_URL: "http://go.example" })).toBe("http://go.example");
  const both = { MOL_API_URL: "http://go.example", MOLECULE_API_URL: "http://variable.example" };
  expect(await url(both)).toBe("http://variable.example");
  expect(await url(both, "--api-url", "http://flag.example")).toBe("http://flag.example");
  place.write(join(place.home, "o.yaml"), "api_url: http://named.example\n");
  expect(await url({ MOLECULE_CONFIG: join(place.home, "o.yaml") })).toBe("http://named.example");
});

describe("a folder of a stranger's", () => {
  test("gets no token and is asked nothing before its file is trusted", async () => {
    using place = new Place();
    const asked: (string | null)[] = [];
    using server = Bun.serve({
      port: 0,
      fetch(request) {
        asked.push(request.headers.get("authorization"));
        return Response.json([]);
      },
    });
    place.project(`api_url: http://localhost:${server.port}\n`);
    const env = { MOLECULE_API_TOKEN: "tok-1234567890" };
    const before = await place.run(["workspace", "list"], env);
    expect(before.stderr).toStartWith("error: ./molecule.yaml:1 sets api_url to ");
    expect(before.stderr).toContain("'molecule config trust' makes it count");
    expect({ code: before.code, asked }).toEqual({ code: 2, asked: [] });
    await place.run(["config", "trust"]);
    expect((await place.run(["workspace", "list"], env)).code).toBe(0);
    expect(asked).toContain("Bearer tok-1234567890");
  });

  test("runs nothing before its file is trusted, and after a change nothing again", async () => {
    using place = new Place();
    await using dev = await Dev.start(place.home);
    const canary = join(place.home, "canary");
    const source = `await Bun.stdin.text(); await Bun.write(${JSON.stringify(canary)}, "ran"); console.log("done");`;
    const cmd = program(place.home, source);
    place.project(`backend: exec\nbackend_opt:\n  cmd: ${JSON.stringify(cmd)}\n`);
    const connect = () =>
      place.run(["connect", dev.agent.id, "--api-url", dev.url, "--once"], {
        MOLECULE_WORKSPACE_TOKEN: dev.agent.token,
      });
    await dev.send("hello", dev.ada, {});
    const before = await connect();
    expect(before.stderr).toStartWith('error: ./molecule.yaml:1 sets backend to "exec", ');
    expect(before.code).toBe(2);
    expect(existsSync(canary)).toBe(false);
    expect((await place.run(["config", "trust"])).stdout).toContain("backend_opt");
    expect((await connect()).code).toBe(0);
    expect(readFileSync(canary, "utf8")).toBe("ran");
    place.project(`backend: exec\nbackend_opt:\n  cmd: ${JSON.stringify(`${cmd} again`)}\n`);
    const after = await connect();
    expect(after.stderr).toContain("that file has changed since it was trusted");
    expect(after.code).toBe(2);
  });
});

test("what init writes is all that connect needs", async () => {
  using place = new Place();
  await using dev = await Dev.start(place.home);
  const init = await place.run([
    ...["init", "--api-url", dev.url, "--token-file", dev.agent.tokenFile],
    ...["--backend", "exec", "--backend-opt", "cmd=cat"],
  ]);
  expect(init).toMatchObject({ code: 0, stdout: "wrote ./molecule.yaml\n" });
  const { code, stdout } = await place.run(["connect", dev.agent.id, "--dry-run", "-o", "json"]);
  expect(JSON.parse(stdout)).toMatchObject({ token: "accepted", backend: "exec" });
  expect(code).toBe(0);
  const mock = await place.run(["connect", dev.agent.id, "--dry-run", "--backend", "mock"]);
  expect(mock.code).toBe(0);
});

test("a faulty file stops what needs it, and nothing else", async () => {
  using place = new Place();
  place.user("aip_url: http://x\n");
  const stopped = await place.run(["backend", "list"]);
  expect(stopped.stderr).toBe(
    'error: ~/.config/molecule.yaml:1: there is no key "aip_url"\nhint: Did you mean "api_url"?\n',
  );
  expect(stopped.code).toBe(2);
  for (const args of [["--version"], ["--help"], ["connect", "--help"], ["completion", "bash"]]) {
    const { code, stderr } = await place.run(args);
    expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: "" });
  }
  const id = "0f8fad5b-d9cb-469f-a165-70867728950e";
  const letters = await place.run(["dead-letter", "list", id]);
  expect(letters.stderr).toStartWith("warning: ~/.config/molecule.yaml:1: there is no key");
  expect(letters.stderr).toContain("no bridge has kept anything of workspace 0f8fad5b");
  expect(letters.code).toBe(1);
  const told = await place.run(["backend", "list", "-o", "json"]);
  expect(JSON.parse(told.stderr).error).toMatchObject({ code: "usage", exit_code: 2 });
});

inShell("--config may name a pipe", async () => {
  using place = new Place();
  const { code, stdout } = await runToEnd(["--config", "/dev/stdin", "backend", "list"], {
    home: place.home,
    by: ["sh", "-c", 'printf "output: json\\n" | "$0" "$@"'],
  });
  expect(JSON.parse(stdout)[0]).toHaveProperty("is_default");
  expect(code).toBe(0);
});
