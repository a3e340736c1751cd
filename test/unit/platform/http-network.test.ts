/** What becomes of a call when there is no answer, half of one, or none that is HTTP. */
import { describe, expect, test } from "bun:test";
import { getEventListeners } from "node:events";
import { clientFor, callOf, failureOf, httpFor } from "../../harness/client.ts";
import { ManualClock } from "../../harness/clock.ts";
import { head, RawServer, type RawSocket } from "../../harness/raw-server.ts";
import { ScriptedPlatform, TOKEN } from "../../harness/scripted-platform.ts";
import { NO_SUCH_HOST } from "../../harness/unresolvable.ts";

const JSON_HEAD = {
  "content-type": "application/json",
  date: new Date(0).toUTCString(),
};

/** Says a little on and on, until the other side has gone. */
function drip(socket: RawSocket): void {
  socket.write(head("200 OK", { ...JSON_HEAD, "transfer-encoding": "chunked" }));
  const timer = setInterval(() => {
    if (socket.readyState <= 0 || socket.write("1\r\n \r\n") <= 0) clearInterval(timer);
  }, 2);
}

/** A port at which nothing listens. */
function freePort(): number {
  using server = new RawServer(() => {});
  return Number(new URL(server.url).port);
}

describe("without an answer", () => {
  test("because nothing listens, a call says so, and that it was never received", async () => {
    const host = `127.0.0.1:${freePort()}`;
    const error = await failureOf(httpFor(`http://${host}`).call(callOf()));
    expect(error.message).toStartWith(`test: nothing listens at ${host}`);
    expect(error).toMatchObject({ verdict: "transient", exitCode: 4 });
    expect(error.failure).toMatchObject({ unknownOutcome: false });
    expect(error.failure.status).toBeUndefined();
  });

  test("because the name does not resolve, a call says so, and that it was never received", async () => {
    const error = await failureOf(httpFor(`http://${NO_SUCH_HOST}`).call(callOf()));
    expect(error.message).toStartWith(`test: the host name ${NO_SUCH_HOST} does not resolve`);
    expect(error.failure).toMatchObject({ verdict: "transient", unknownOutcome: false });
  }, 30_000);

  test("because there is no TLS, a call says so, and that it was never received", async () => {
    using plain = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data: (socket) => void socket.end(head("400 Bad Request")) },
    });
    const error = await failureOf(httpFor(`https://127.0.0.1:${plain.port}`).call(callOf()));
    expect(error.message).toContain("is it http://?");
    expect(error.failure).toMatchObject({ verdict: "transient", unknownOutcome: false });
  });

  test.each(["GET", "POST"] as const)(
    "because the connection is cut, a %s has an unknown outcome",
    async (method) => {
      using server = new RawServer((socket) => socket.terminate());
      const error = await failureOf(httpFor(server.url).call(callOf({ method })));
      expect(error.message).toStartWith(
        "test: the connection was cut before the whole answer came",
      );
      expect(error.failure).toMatchObject({ verdict: "transient", unknownOutcome: true });
      // Nothing was read: a smaller answer would fare no better.
      expect(error.failure.unreadable).toBe(false);
      expect(server.requests).toHaveLength(1);
    },
  );

  test("because what comes is not HTTP, a call has an unknown outcome", async () => {
    using server = new RawServer((socket) => socket.end("220 mail.example.com ESMTP\r\n"));
    const error = await failureOf(httpFor(server.url).call(callOf()));
    expect(error.failure).toMatchObject({ verdict: "transient", unknownOutcome: true });
    expect(error.message).toContain(`at ${new URL(server.url).host}`);
  });

  test("because the server is silent, a call ends at its deadline and hangs up", async () => {
    using server = new RawServer(() => {});
    const error = await failureOf(httpFor(server.url).call(callOf({ deadlineMs: 60 })));
    expect(error.message).toStartWith("test: no answer within 60 ms");
    expect(error.failure).toMatchObject({ verdict: "transient", unknownOutcome: true });
    expect(error.exitCode).toBe(4);
    await server.untilClosed();
  });
});

describe("with half an answer", () => {
  test.each([
    ["its length is not reached", { ...JSON_HEAD, "content-length": "100" }, '[{"a":1'],
    ["its last chunk is missing", { ...JSON_HEAD, "transfer-encoding": "chunked" }, "3\r\n[1,\r\n"],
  ])("because %s, a call says that a smaller one may be readable", async (_, headers, body) => {
    using server = new RawServer((socket) => socket.end(head("200 OK", headers) + body));
    const error = await failureOf(httpFor(server.url).call(callOf()));
    expect(error.message).toContain("cut before the whole answer came");
    expect(error.failure).toMatchObject({ verdict: "transient", unreadable: true });
  });

  test("because it only drips, a call ends at its deadline and hangs up", async () => {
    using server = new RawServer(drip);
    const error = await failureOf(httpFor(server.url).call(callOf({ deadlineMs: 150 })));
    expect(error.message).toStartWith("test: no answer within 150 ms");
    expect(error.verdict).toBe("transient");
    await server.untilClosed();
  });
});

describe("the caller's signal", () => {
  test("ends a call that waits for headers, and its connection", async () => {
    using server = new RawServer(() => {});
    const stop = new AbortController();
    const ending = failureOf(httpFor(server.url).call(callOf(), { signal: stop.signal }));
    await server.untilAsked();
    stop.abort();
    expect((await ending).verdict).toBe("transient");
    await server.untilClosed();
  });

  test("ends a call in the middle of its body, and its connection", async () => {
    using server = new RawServer(drip);
    const stop = new AbortController();
    const clock = new ManualClock();
    const http = httpFor(server.url, { clock });
    const ending = failureOf(http.call(callOf(), { signal: stop.signal }));
    // The Date in the headers tells when the client has them.
    while (http.serverNow() === clock.now()) await new Promise((resolve) => setImmediate(resolve));
    stop.abort();
    expect((await ending).verdict).toBe("transient");
    await server.untilClosed();
  });

  test("keeps a call from being made once it has aborted", async () => {
    await using platform = new ScriptedPlatform();
    await failureOf(clientFor(platform.url).state({ signal: AbortSignal.abort() }));
    expect(platform.seen).toEqual([]);
  });

  test("that lives for months keeps no listener after a thousand calls, good and bad", async () => {
    await using platform = new ScriptedPlatform();
    const { signal } = new AbortController();
    let added = 0;
    const add = signal.addEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      added += 1;
      add(...args);
    };
    platform.on("state", (_, nth) =>
      nth % 2 === 0 ? Response.json({}, { status: 500 }) : undefined,
    );
    const client = clientFor(platform.url);
    for (let n = 0; n < 100; n++) {
      await Promise.all(Array.from({ length: 10 }, () => client.state({ signal }).catch(() => {})));
    }
    expect(platform.calls("state")).toHaveLength(1_000);
    expect(added).toBeGreaterThanOrEqual(1_000);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  }, 30_000);
});

describe("the token", () => {
  /** All that an error can show: its words, its stack, its causes, its fields. */
  const shown = (error: Error) =>
    [
      String(error),
      error.stack,
      Bun.inspect(error, { depth: 20 }),
      JSON.stringify(error),
      JSON.stringify(Object.getOwnPropertyDescriptors(error)),
    ].join("\n");

  test.each<[string, (socket: RawSocket) => void]>([
    ["a cut connection", (socket) => socket.terminate()],
    ["an answer that is not HTTP", (socket) => socket.end("nonsense\r\n\r\n")],
    ["silence", () => {}],
    ["a body that drips", drip],
    ["half a body", (s) => s.end(head("200 OK", { ...JSON_HEAD, "content-length": "9" }) + "{")],
    ["a refusal", (s) => s.end(head("401 Unauthorized", { "content-length": "0" }))],
    ["a redirect elsewhere", (s) => s.end(head("302 Found", { location: "http://a.invalid/" }))],
    ["a body that is too large", (s) => s.end(head("200 OK") + " ".repeat(5_000))],
  ])("is in no part of the error after %s", async (_, answer) => {
    using server = new RawServer(answer);
    const call = callOf({ deadlineMs: 150, maxBytes: 1_000, method: "POST", body: { a: 1 } });
    const error = await failureOf(httpFor(server.url).call(call));
    expect(server.requests[0]).toContain(TOKEN);
    expect(shown(error)).not.toContain(TOKEN);
    expect(shown(error)).not.toContain("Bearer");
  });

  test("is in no part of the error where nothing listens, or where it can't be sent at all", async () => {
    const refused = await failureOf(httpFor(`http://127.0.0.1:${freePort()}`).call(callOf()));
    expect(shown(refused)).not.toContain(TOKEN);
    await using platform = new ScriptedPlatform();
    const unfit = httpFor(platform.url, { token: () => `${TOKEN}\nx: y` });
    expect(shown(await failureOf(unfit.call(callOf())))).not.toContain(TOKEN);
    expect(platform.seen).toEqual([]);
  });
});
