/** The small server, asked by raw sockets: what a stranger may do to it. */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import {
  servePlainly,
  type PlainHandle,
  type PlainServer,
} from "../../../src/observe/plain-http.ts";
import { systemClock } from "../../../src/shared/clock.ts";
import { ManualClock } from "../../harness/clock.ts";
import { Bell } from "../../harness/wait.ts";

setDefaultTimeout(60_000);

const servers: PlainServer[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

const echo: PlainHandle = async ({ method, path, query, host }) => {
  return { status: 200, type: "text/plain", body: [method, path, query, host].join(" ") };
};

function serve(handle: PlainHandle = echo, clock = systemClock): number {
  const server = servePlainly({ hostname: "127.0.0.1", port: 0 }, handle, clock);
  servers.push(server);
  return server.port;
}

/** A connection that sends what it is told, and hears until the other side ends. */
class Caller {
  heard = "";
  closed = false;
  readonly bell = new Bell();
  #socket: Bun.Socket | undefined;

  static async to(port: number, text = ""): Promise<Caller> {
    const caller = new Caller();
    caller.#socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        data(_, bytes) {
          caller.heard += bytes.toString();
          caller.bell.ring();
        },
        close() {
          caller.closed = true;
          caller.bell.ring();
        },
      },
    });
    caller.send(text);
    return caller;
  }

  send(text: string): void {
    this.#socket?.write(text);
  }

  async end(): Promise<string> {
    await this.bell.until(() => this.closed, "the end of the connection");
    return this.heard;
  }
}

const ask = async (port: number, text: string) => (await Caller.to(port, text)).end();

test("a request is answered on a connection of its own, which then ends", async () => {
  const heard = await ask(serve(), "GET /a/b?c=d HTTP/1.1\r\nHost: here:1\r\n\r\n");
  expect(heard).toStartWith("HTTP/1.1 200 OK\r\n");
  expect(heard).toContain("\r\nConnection: close\r\n");
  expect(heard).toContain("\r\nContent-Length: 19\r\n");
  expect(heard).toEndWith("\r\n\r\nGET /a/b c=d here:1");
});

test("one in pieces is understood, and what follows it is not read", async () => {
  const caller = await Caller.to(serve(), "GET / HT");
  for (const piece of ["TP/1.1\r", "\nHost: x\r\n\r", "\nGET /second HTTP/1.1\r\n\r\n"]) {
    caller.send(piece);
    await Bun.sleep(0);
  }
  const heard = await caller.end();
  expect(heard.match(/HTTP\/1\.1/g)).toHaveLength(1);
  expect(heard).toEndWith("GET /  x");
});

test("HEAD has the head of the answer alone", async () => {
  const heard = await ask(serve(), "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
  expect(heard).toContain("Content-Length: 9\r\n");
  expect(heard).toEndWith("\r\n\r\n");
});

test("HTTP/1.0 needs no Host, and a whole address is a target, too", async () => {
  const port = serve();
  expect(await ask(port, "GET / HTTP/1.0\r\n\r\n")).toEndWith("GET /  ");
  expect(await ask(port, "GET http://y/z HTTP/1.1\r\nHost: x\r\n\r\n")).toEndWith("GET /z  x");
});

const REFUSED: [text: string, status: number][] = [
  ["GET / HTTP/1.1\r\n\r\n", 400],
  ["GET / HTTP/2.0\r\nHost: x\r\n\r\n", 400],
  ["hello\r\n\r\n", 400],
  ["\u0016\u0003\u0001\r\n\r\n", 400],
  ["GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400],
  ["GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400],
  ["POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", 413],
  ["POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 413],
  [`GET / HTTP/1.1\r\nHost: x\r\nX: ${"y".repeat(9_000)}\r\n\r\n`, 431],
];

test.each(REFUSED.map(([text, status]) => [text.slice(0, 60), status, text] as const))(
  "%j is refused with %d",
  async (_, status, text) => {
    expect(await ask(serve(), text)).toStartWith(`HTTP/1.1 ${status} `);
  },
);

test("a fault of ours is a 500 that does not tell of it", async () => {
  const heard = await ask(
    serve(() => Promise.reject(new Error("the innermost"))),
    "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
  );
  expect(heard).toStartWith("HTTP/1.1 500 ");
  expect(heard).not.toContain("innermost");
});

test("who says nothing, or never says enough, is cut off after five seconds", async () => {
  const clock = new ManualClock();
  const port = serve(echo, clock);
  const silent = await Caller.to(port);
  await clock.untilSleeping();
  const slow = await Caller.to(port, "GET / HTTP/1.1\r\n");
  while (clock.pending.length < 2) await Bun.sleep(1);
  await clock.advance(4_999);
  slow.send("X-More: of it\r\n");
  expect(await ask(port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")).toEndWith("GET /  x");
  expect([silent.closed, slow.closed]).toEqual([false, false]);
  await clock.advance(1);
  expect([await silent.end(), await slow.end()]).toEqual(["", ""]);
});

test("an answer that nobody takes is cut off, too", async () => {
  const clock = new ManualClock();
  let answers = 0;
  const port = serve(async () => {
    answers += 1;
    return { status: 200, type: "text/plain", body: "x".repeat(50_000_000) };
  }, clock);
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: { open: (self) => void self.pause(), data() {} },
  });
  socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  while (answers === 0) await Bun.sleep(1);
  await clock.untilSleeping();
  await clock.advance(5_000);
  // Its end is over: no timer is left.
  expect(clock.pending).toEqual([]);
  socket.terminate();
});

test("a whole long answer gets through", async () => {
  const body = "0123456789".repeat(500_000);
  const port = serve(async () => ({ status: 200, type: "text/plain", body }));
  const response = await fetch(`http://127.0.0.1:${port}/`);
  expect(await response.text()).toBe(body);
});

test("five hundred silent connections leave room for one that asks, and for the process", async () => {
  const port = serve();
  const crowd: Caller[] = [];
  for (let i = 0; i < 500; i++) crowd.push(await Caller.to(port));
  expect(await ask(port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")).toEndWith("GET /  x");
  expect(crowd.filter(({ closed }) => !closed).length).toBeLessThanOrEqual(64);
});

test("whatever comes, the next one is answered", async () => {
  const port = serve();
  const line = fc.oneof(
    fc.constant("GET / HTTP/1.1"),
    fc.constant("Host: x"),
    fc.constant(""),
    fc.string({ unit: "binary" }),
  );
  const text = fc.array(line).map((lines) => `${lines.join("\r\n")}\r\n\r\n`);
  await fc.assert(
    fc.asyncProperty(text, async (sent) => {
      expect(await ask(port, sent)).toMatch(/^HTTP\/1\.1 (200|400|413|431) /);
    }),
    { numRuns: 200 },
  );
  expect(await ask(port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")).toEndWith("GET /  x");
});
