/** `molecule doctor` as people run it. */
import { expect, test } from "bun:test";
import { chmodSync, existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runToEnd } from "../harness/binary.ts";
import { Authority } from "../harness/certificates.ts";
import { ConnectProxy } from "../harness/connect-proxy.ts";
import { Dev } from "../harness/connect.ts";
import { onPosix } from "../harness/platform.ts";
import { freePort } from "../harness/port.ts";
import { RawServer } from "../harness/raw-server.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { lookUntil } from "../harness/wait.ts";

const LIMIT_MS = 60_000;

interface Ran {
  code: number | null;
  text: string;
  /** `ok`, or what the check found beside it. */
  of(name: string): string;
}

/** Runs it in `home`, which stays as it is unless a test says otherwise. */
async function doctor(
  home: string,
  words: string[],
  env: Record<string, string> = {},
): Promise<Ran> {
  const before = readdirSync(home, { recursive: true }).sort();
  const { code, stdout, stderr } = await runToEnd(["doctor", ...words], { home, env });
  expect(readdirSync(home, { recursive: true }).sort()).toEqual(before);
  return {
    code,
    text: `${stdout}${stderr}`,
    of: (name) => stdout.split("\n").find((line) => line.split(/ +/)[1] === name) ?? "",
  };
}

test(
  "finds nothing amiss with a platform and a bridge that runs, and leaves both alone",
  async () => {
    using home = tmpFolder();
    using elsewhere = tmpFolder();
    await using dev = await Dev.start(elsewhere.path);
    await using run = dev.connect(home.path);
    await run.untilEvent("connected");
    // It writes down whom it met as it goes on.
    await lookUntil(() => existsSync(join(home.path, ".config", "molecule", "workspaces.tsv")));
    const words = [dev.agent.id, "--api-url", dev.url, "--backend", "mock"];
    const { code, text, of } = await doctor(home.path, words, {
      MOLECULE_WORKSPACE_TOKEN: dev.agent.token,
    });
    expect(text).not.toContain(dev.agent.token);
    expect(of("token")).toContain("accepted");
    expect(of("events")).toStartWith("ok");
    expect(of("bridge")).toContain(`one runs here: process ${run.pid}`);
    expect(of("journal")).toStartWith("ok");
    expect(text).not.toMatch(/^(failed)/m);
    expect(code).toBe(0);
    await run.stop();
  },
  LIMIT_MS,
);

test(
  "trusts --ca-file directly and through a proxy, and nothing without it",
  async () => {
    const authority = new Authority();
    using home = tmpFolder();
    const file = join(home.path, "ca.pem");
    writeFileSync(file, authority.cert);
    using server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      tls: authority.certify({ names: ["127.0.0.1", "platform.example.invalid"] }),
      fetch: () => Response.json({ status: "ok" }),
    });
    await using proxy = await ConnectProxy.start(undefined, {
      host: "127.0.0.1",
      port: server.port ?? 0,
    });
    const here = ["--api-url", `https://127.0.0.1:${server.port}`];
    const there = ["--api-url", "https://platform.example.invalid"];
    const env = { HTTPS_PROXY: proxy.url };
    for (const [words, variables] of [
      [here, {}],
      [there, env],
    ] as const) {
      const trusting = await doctor(home.path, [...words, "--ca-file", file], variables);
      expect(trusting.of("certificate")).toContain("trusted, until");
      expect(trusting.of("reachable")).toStartWith("ok");
      const bare = await doctor(home.path, [...words], variables);
      expect(bare.of("certificate")).toContain("signed by Made-up Authority, is not trusted");
      expect(bare.code).toBe(4);
    }
    expect(proxy.lines.length).toBeGreaterThan(2);
  },
  LIMIT_MS,
);

test(
  "trusts what the system trusts beside --ca-file",
  async () => {
    using home = tmpFolder();
    const [ours, system] = [new Authority("Ours"), new Authority("System's")];
    const file = join(home.path, "ca.pem");
    const extra = join(home.path, "extra.pem");
    writeFileSync(file, ours.cert);
    writeFileSync(extra, system.cert);
    using server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      tls: system.certify({ names: ["127.0.0.1"] }),
      fetch: () => Response.json({ status: "ok" }),
    });
    const words = ["--api-url", `https://127.0.0.1:${server.port}`, "--ca-file", file];
    const found = await doctor(home.path, words, { NODE_EXTRA_CA_CERTS: extra });
    expect(found.of("certificate")).toContain("trusted, until");
    expect(found.of("reachable")).toStartWith("ok");
  },
  LIMIT_MS,
);

test.each(["http", "https"])(
  "ends within half a minute where a server takes %s and never answers: exit 4",
  async (scheme) => {
    using home = tmpFolder();
    using server = new RawServer(() => {});
    const began = performance.now();
    const { code, of } = await doctor(home.path, [
      "--api-url",
      server.url.replace("http", scheme),
      "--backend=mock",
    ]);
    expect(performance.now() - began).toBeLessThan(30_000);
    expect(of(scheme === "http" ? "reachable" : "certificate")).toStartWith("failed");
    expect(of("backend")).toStartWith("ok");
    expect(code).toBe(4);
  },
  LIMIT_MS,
);

test(
  "tells of a project's file that nobody has trusted, which it goes on without: exit 2",
  async () => {
    using home = tmpFolder();
    writeFileSync(join(home.path, "molecule.yaml"), "api_url: http://evil.example.invalid\n");
    const { code, text, of } = await doctor(home.path, ["--offline", "--backend=mock"]);
    expect(of("config")).toStartWith("failed");
    expect(of("config")).toContain("./molecule.yaml:1");
    expect(text).toContain("molecule config trust");
    expect(of("address")).toContain("http://localhost:8080");
    expect(code).toBe(2);
  },
  LIMIT_MS,
);

test(
  "gives all of it as JSON, with the code that it ends with",
  async () => {
    using home = tmpFolder();
    const url = `http://127.0.0.1:${freePort()}`;
    const words = ["doctor", "--api-url", url, "--backend=mock", "-o", "json"];
    const { code, stdout, stderr } = await runToEnd(words, { home: home.path });
    const data = JSON.parse(stdout);
    expect(stderr).toBe("");
    expect(code).toBe(4);
    expect(data).toMatchObject({ worst: "failed", exit_code: 4 });
    expect(data.checks.find((check: { name: string }) => check.name === "reachable")).toMatchObject(
      {
        status: "failed",
        hint: expect.any(String),
      },
    );
  },
  LIMIT_MS,
);

onPosix("a script as a program").test(
  "names another molecule that comes first on the PATH",
  async () => {
    using home = tmpFolder();
    const other = join(home.path, "molecule");
    writeFileSync(other, "#!/bin/sh\necho molecule version 0.0.1\n");
    chmodSync(other, 0o755);
    const PATH = `${home.path}:${process.env.PATH}`;
    const { code, of } = await doctor(home.path, ["--offline", "--backend=mock"], { PATH });
    expect(of("binary")).toStartWith("warning");
    expect(of("binary")).toContain(`${other}, which says "molecule version 0.0.1"`);
    expect(code).toBe(0);
  },
  LIMIT_MS,
);
