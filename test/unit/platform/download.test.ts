/** Files from the canvas user, from servers that do what the embedded platform rightly never does. */
import { afterEach, describe, expect, jest, test } from "bun:test";
import type { DownloadOptions, Sink } from "../../../src/platform/platform.ts";
import { clientFor, failureOf } from "../../harness/client.ts";
import { head, RawServer, type RawSocket } from "../../harness/raw-server.ts";
import { ScriptedPlatform, WORKSPACE } from "../../harness/scripted-platform.ts";

const ID = "33333333-3333-4333-8333-333333333333";
const MIB = 1024 * 1024;

afterEach(() => {
  jest.useRealTimers();
});

/** What came of a download: its pieces, and its end. */
function fetchFrom(
  url: string,
  { sink, ...options }: Partial<DownloadOptions> & { sink?: Sink } = {},
) {
  const chunks: Uint8Array[] = [];
  const ended = clientFor(url).download(
    ID,
    async (chunk) => {
      chunks.push(chunk.slice());
      await sink?.(chunk);
    },
    { maxBytes: MIB, ...options },
  );
  return { ended, text: () => Buffer.concat(chunks).toString("utf8") };
}

/** A file without an end, and how much of it was sent. */
function endless() {
  const chunk = new Uint8Array(64 * 1024);
  const cancelled = Promise.withResolvers<void>();
  let sent = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += chunk.byteLength;
      controller.enqueue(chunk);
    },
    cancel: () => cancelled.resolve(),
  });
  return { stream, sent: () => sent, cancelled: cancelled.promise };
}

describe("a file", () => {
  test("comes in pieces, each when the one before it is taken", async () => {
    await using platform = new ScriptedPlatform();
    const sent = crypto.getRandomValues(new Uint8Array(60_000));
    platform.on("download", () => new Response(sent, { headers: { "content-type": "image/png" } }));
    let open = 0;
    const sizes: number[] = [];
    const sink = async (chunk: Uint8Array) => {
      expect(++open).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      sizes.push(chunk.byteLength);
      open -= 1;
    };
    const { ended } = fetchFrom(platform.url, { sink });
    expect(await ended).toEqual({ mimeType: "image/png", size: 60_000 });
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(60_000);
  });

  test("may be empty, of any type or none, and hold what looks like an answer", async () => {
    await using platform = new ScriptedPlatform();
    for (const [content, type] of [
      ["", "text/plain"],
      ["<html>a page</html>", "text/html; charset=utf-8"],
      ['{"error":"not one"}', "application/json"],
      ["x", "nonsense"],
    ] as const) {
      const headers = { "content-type": type };
      platform.on("download", () => new Response(Buffer.from(content), { headers }));
      const { ended, text } = fetchFrom(platform.url);
      expect(await ended).toEqual({
        mimeType: type === "nonsense" ? undefined : type,
        size: content.length,
      });
      expect(text()).toBe(content);
    }
  });

  test("may come without a type, and without saying how long it is", async () => {
    using server = new RawServer((s) => s.end(`${head("200 OK", { connection: "close" })}x`));
    expect(await fetchFrom(server.url).ended).toEqual({ mimeType: undefined, size: 1 });
  });

  test("may be just as large as it may be", async () => {
    await using platform = new ScriptedPlatform();
    platform.on("download", () => new Response("12345"));
    expect((await fetchFrom(platform.url, { maxBytes: 5 }).ended).size).toBe(5);
    const { message } = await failureOf(fetchFrom(platform.url, { maxBytes: 4 }).ended);
    expect(message).toBe("fetching a file: the file is larger than 4 bytes");
  });

  test("that is too large by its own words is not read at all", async () => {
    using server = new RawServer((socket) => {
      socket.write(`${head("200 OK", { "content-length": "5000000000" })}the beginning`);
    });
    const { ended, text } = fetchFrom(server.url, { maxBytes: 25 * MIB });
    const error = await failureOf(ended);
    expect(error).toMatchObject({
      message: "fetching a file: the file is larger than 25 MiB",
      verdict: "permanent",
    });
    expect(text()).toBe("");
    await server.untilClosed();
  });

  test("without an end is left where it grows too large, and nobody goes on sending", async () => {
    await using platform = new ScriptedPlatform();
    const file = endless();
    platform.on("download", () => new Response(file.stream));
    const { ended, text } = fetchFrom(platform.url, { maxBytes: MIB });
    expect((await failureOf(ended)).verdict).toBe("permanent");
    expect(text().length).toBeLessThanOrEqual(MIB);
    await file.cancelled;
    expect(file.sent()).toBeLessThan(64 * MIB);
  });
});

describe("a file that does not come whole", () => {
  const cut: [string, (socket: RawSocket) => void][] = [
    ["short of its length", (s) => s.end(`${head("200 OK", { "content-length": "9" })}part`)],
    [
      "between two chunks",
      (s) => s.end(`${head("200 OK", { "transfer-encoding": "chunked" })}4\r\npart\r\n`),
    ],
    [
      "within a chunk",
      (s) => s.end(`${head("200 OK", { "transfer-encoding": "chunked" })}9\r\npart`),
    ],
  ];
  test.each(cut)("is to be fetched again: %s", async (_, answer) => {
    using server = new RawServer(answer);
    const { ended, text } = fetchFrom(server.url);
    expect((await failureOf(ended)).verdict).toBe("transient");
    expect("part").toStartWith(text());
  });

  test("is given up when nothing comes for half a minute, however long it took before", async () => {
    const pieces = [..."abc"];
    let socket: RawSocket | undefined;
    using server = new RawServer((s) => {
      socket = s;
      s.write(`${head("200 OK", { "content-length": "9" })}${pieces.shift()}`);
    });
    jest.useFakeTimers();
    const taken: (() => void)[] = [];
    const sink = () => void taken.shift()?.();
    const next = () => new Promise<void>((resolve) => taken.push(resolve));
    let piece = next();
    const { ended, text } = fetchFrom(server.url, { sink });
    await piece;
    for (const more of pieces) {
      jest.advanceTimersByTime(29_000);
      piece = next();
      socket?.write(more);
      await piece;
    }
    expect(text()).toBe("abc");
    await settled();
    jest.advanceTimersByTime(30_000);
    const error = await failureOf(ended);
    expect(error).toMatchObject({
      message: "fetching a file: nothing more came for 30 s",
      verdict: "transient",
    });
    await server.untilClosed();
  });

  test("is given up after ten minutes, however steadily it drips", async () => {
    let socket: RawSocket | undefined;
    using server = new RawServer((s) => {
      socket = s;
      s.write(`${head("200 OK", { "content-length": "9999" })}x`);
    });
    jest.useFakeTimers();
    const taken: (() => void)[] = [];
    const next = () => new Promise<void>((resolve) => taken.push(resolve));
    let piece = next();
    const { ended } = fetchFrom(server.url, { sink: () => void taken.shift()?.() });
    const failure = failureOf(ended);
    await piece;
    for (let seconds = 20; seconds < 600; seconds += 20) {
      await settled();
      jest.advanceTimersByTime(20_000);
      piece = next();
      socket?.write("x");
      await piece;
    }
    await settled();
    jest.advanceTimersByTime(20_000);
    expect(await failure).toMatchObject({
      message: "fetching a file: the file was not there whole within 10 min",
      verdict: "transient",
    });
  });

  test("does not count as silent while it waits for its sink", async () => {
    let socket: RawSocket | undefined;
    using server = new RawServer((s) => {
      socket = s;
      s.write(`${head("200 OK", { "content-length": "2" })}x`);
    });
    jest.useFakeTimers();
    const writing = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const { ended } = fetchFrom(server.url, {
      sink: () => {
        begun.resolve();
        return writing.promise;
      },
    });
    await begun.promise;
    jest.advanceTimersByTime(300_000);
    socket?.write("y");
    writing.resolve();
    expect((await ended).size).toBe(2);
  });

  test("ends with the caller's signal, in the middle too", async () => {
    await using platform = new ScriptedPlatform();
    const file = endless();
    platform.on("download", () => new Response(file.stream));
    const stop = new AbortController();
    const { ended } = fetchFrom(platform.url, {
      maxBytes: 10_000 * MIB,
      signal: stop.signal,
      sink: () => stop.abort(),
    });
    expect((await failureOf(ended)).verdict).toBe("transient");
    await file.cancelled;
  });

  test("for its sink's own reason ends with that reason, and nobody goes on sending", async () => {
    await using platform = new ScriptedPlatform();
    const file = endless();
    platform.on("download", () => new Response(file.stream));
    const full = new Error("no space left");
    const { ended } = fetchFrom(platform.url, { sink: () => Promise.reject(full) });
    expect(await ended.catch((error: unknown) => error)).toBe(full);
    await file.cancelled;
  });
});

describe("an answer that is no file", () => {
  test.each<[number, string | null, string, string, string]>([
    [404, '{"error":"file not found"}', "application/json", "permanent", "404 (file not found)"],
    [401, '{"error":"no"}', "application/json", "unauthorized", "401 (no)"],
    [503, '{"error":"down"}', "application/json", "transient", "503 (down)"],
    [404, null, "text/plain", "misaddressed", "404 (no explanation)"],
    [404, "<html>", "text/html", "transient", "404 (an answer of type text/html"],
    [502, "<html>", "text/html", "transient", "502 (an answer of type text/html"],
    [204, null, "text/plain", "transient", "204, but an empty body"],
    [206, "part", "text/plain", "transient", "206, but an answer of type text/plain"],
  ])("is what it is everywhere: %i %j of %s is %s", async (status, body, type, verdict, words) => {
    await using platform = new ScriptedPlatform();
    const headers = { "content-type": type };
    platform.on("download", () => new Response(body, { status, headers }));
    const { ended, text } = fetchFrom(platform.url);
    const error = await failureOf(ended);
    expect(error.verdict).toBe(verdict as typeof error.verdict);
    expect(error.message).toStartWith(`fetching a file: ${words}`);
    expect(text()).toBe("");
  });

  test("asks for patience in the usual way", async () => {
    await using platform = new ScriptedPlatform();
    const headers = { "retry-after": "7" };
    platform.on("download", () => Response.json({ error: "slow" }, { status: 429, headers }));
    expect((await failureOf(fetchFrom(platform.url).ended)).failure.retryAfterMs).toBe(7_000);
  });

  test("is one that came packed, which was not asked for", async () => {
    await using platform = new ScriptedPlatform();
    const headers = { "content-encoding": "gzip", "content-type": "text/plain" };
    platform.on("download", () => new Response(Bun.gzipSync("a file"), { headers }));
    const { ended, text } = fetchFrom(platform.url);
    const error = await failureOf(ended);
    expect(error.verdict).toBe("transient");
    expect(error.message).toContain("in the encoding gzip, which was not asked for");
    expect(text()).toBe("");
  });

  test("is a redirect elsewhere, where the token never gets; one at home is followed", async () => {
    await using elsewhere = new ScriptedPlatform();
    await using platform = new ScriptedPlatform();
    let to = `${elsewhere.url}/stolen`;
    platform.on("download", ({ path }) =>
      path.endsWith("/other/content") ? undefined : Response.redirect(to, 302),
    );
    expect((await failureOf(fetchFrom(platform.url).ended)).verdict).toBe("misaddressed");
    expect(elsewhere.seen).toEqual([]);
    to = `${platform.url}/workspaces/${WORKSPACE}/pending-uploads/other/content`;
    const { ended, text } = fetchFrom(platform.url);
    await ended;
    expect(text()).toBe("a file");
  });
});

/** Lets what is resumed by a piece run to its next wait. */
async function settled(): Promise<void> {
  for (let n = 0; n < 5; n++) await new Promise((resolve) => setImmediate(resolve));
}
