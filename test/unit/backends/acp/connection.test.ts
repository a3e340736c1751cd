import { expect, test } from "bun:test";
import { resolve } from "node:path";
import { AcpConnection } from "../../../../src/backends/acp/connection.ts";
import { MAX_PENDING } from "../../../../src/backends/acp/rpc.ts";
import { systemClock } from "../../../../src/shared/clock.ts";
import { Secrets } from "../../../../src/shared/secrets.ts";

const LIMIT = 60_000;
const RAW_AGENT = resolve(import.meta.dir, "../../../harness/acp-agent-raw.ts");
const CLIENT = { name: "a client", version: "1" };

function connect(birth: string): AcpConnection {
  return new AcpConnection({
    argv: [process.execPath, RAW_AGENT, birth],
    cwd: ".",
    env: { PATH: process.env.PATH ?? "" },
    run: crypto.randomUUID(),
    clock: systemClock,
    secrets: new Secrets(),
    onStderrLine: () => {},
    onStrayLine: () => {},
  });
}

test(
  "an agent that never answers a call that was given up works on",
  async () => {
    const connection = connect("no-session");
    for (let n = 0; n < MAX_PENDING; n++) {
      await connection.call("session/new", {}, 60_000, AbortSignal.abort());
    }
    for (let n = 0; n < 10; n++) {
      await connection.call("session/new", {}, 1, new AbortController().signal);
    }
    expect(await connection.initialize(CLIENT)).toMatchObject({ kind: "result" });
    await connection.process.close();
  },
  LIMIT,
);

test(
  "an agent that never answers the end of a session works on",
  async () => {
    const connection = connect("closes");
    await connection.initialize(CLIENT);
    expect(connection.facts.closes).toBe(true);
    for (let n = 0; n <= MAX_PENDING; n++) {
      const session = connection.know(`session ${n}`, undefined);
      if (session !== undefined) connection.forget(session);
    }
    expect(await connection.initialize(CLIENT)).toMatchObject({ kind: "result" });
    await connection.process.close();
  },
  LIMIT,
);

test(
  "an agent that answers none of the calls that are waited for is ended",
  async () => {
    const connection = connect("silent");
    const { rpc, ended } = connection.process;
    const calls = Array.from({ length: MAX_PENDING + 1 }, () => rpc.request("session/new", {}));
    expect((await ended).reason).toContain("it leaves too many calls without an answer");
    expect(await calls[0]).toEqual({ kind: "closed" });
  },
  LIMIT,
);
