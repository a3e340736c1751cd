/** Answers that are too large: read no further than their limit, and never into memory. */
import { createGzip } from "node:zlib";
import { describe, expect, test } from "bun:test";
import { callOf, clientFor, failureOf, httpFor } from "../../harness/client.ts";
import { head, RawServer } from "../../harness/raw-server.ts";
import { ScriptedPlatform } from "../../harness/scripted-platform.ts";

const MIB = 1024 * 1024;
const JSON_TYPE = { "content-type": "application/json" };

/** How much more memory the process has than before; what can be given back, is. */
async function growthOf(action: () => Promise<void>): Promise<number> {
  Bun.gc(true);
  const before = process.memoryUsage().rss;
  await action();
  return process.memoryUsage().rss - before;
}

/** A JSON text of white space, made as it is read, and how much of it was. */
function largeBody(bytes: number): { stream: ReadableStream<Uint8Array>; sent: () => number } {
  const chunk = new Uint8Array(64 * 1024).fill(0x20);
  chunk[0] = 0x5b;
  let sent = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (sent >= bytes) return controller.close();
      sent += chunk.byteLength;
      controller.enqueue(chunk);
    },
  });
  return { stream, sent: () => sent };
}

/** A small gzip file that unfolds to `mebibytes` of white space. */
async function bomb(mebibytes: number): Promise<Uint8Array> {
  const gzip = createGzip({ level: 9 });
  const zipped = new Response(gzip as unknown as ReadableStream).bytes();
  const piece = Buffer.alloc(MIB, " ");
  for (let n = 0; n < mebibytes; n++) {
    if (!gzip.write(piece)) await new Promise((resolve) => gzip.once("drain", resolve));
  }
  gzip.end();
  return zipped;
}

describe("an answer over its limit", () => {
  test("of 50 MB is left where it is", async () => {
    await using platform = new ScriptedPlatform();
    const body = largeBody(50_000_000);
    platform.on("workspace", () => new Response(body.stream, { headers: JSON_TYPE }));
    const growth = await growthOf(async () => {
      const error = await failureOf(httpFor(platform.url).call(callOf()));
      expect(error.message).toBe("test: the answer is larger than 1024 KiB");
      expect(error.failure).toMatchObject({ verdict: "transient", status: 200, unreadable: true });
    });
    expect(growth).toBeLessThan(150 * MIB);
    expect(body.sent()).toBeLessThan(50_000_000);
  });

  test("of a page of the feed is left at 40 MiB, and asks to be read in smaller ones", async () => {
    await using platform = new ScriptedPlatform();
    const body = largeBody(50_000_000);
    platform.on("activity", () => new Response(body.stream, { headers: JSON_TYPE }));
    const growth = await growthOf(async () => {
      const error = await failureOf(clientFor(platform.url).activity({ limit: 100 }));
      expect(error.message).toBe("fetching messages: the answer is larger than 40960 KiB");
      expect(error.failure.unreadable).toBe(true);
    });
    expect(growth).toBeLessThan(150 * MIB);
  });

  test("is not unfolded: half a megabyte of gzip, or a kilobyte of brotli, stays what it is", async () => {
    await using platform = new ScriptedPlatform();
    const zipped = await bomb(400);
    expect(zipped.byteLength).toBeLessThan(MIB);
    const headers = { ...JSON_TYPE, "content-encoding": "gzip" };
    platform.on("state", ({ headers: asked }) =>
      Response.json({ asked: asked.get("accept-encoding") }),
    );
    expect(
      (await httpFor(platform.url).call(callOf({ path: ["workspaces", "w", "state"] }))).body,
    ).toEqual({
      asked: "identity",
    });
    platform.on("workspace", () => new Response(zipped, { headers }));
    const growth = await growthOf(async () => {
      const error = await failureOf(httpFor(platform.url).call(callOf()));
      expect(error.message).toContain("in the encoding gzip, which was not asked for");
    });
    expect(growth).toBeLessThan(150 * MIB);
  }, 30_000);

  test("is one byte over it; one that just fits is read", async () => {
    await using platform = new ScriptedPlatform();
    const text = JSON.stringify({ a: "ä".repeat(100) });
    platform.on("workspace", () => new Response(text, { headers: JSON_TYPE }));
    const maxBytes = Buffer.byteLength(text);
    const http = httpFor(platform.url);
    expect((await http.call(callOf({ maxBytes }))).body).toEqual(JSON.parse(text));
    const error = await failureOf(http.call(callOf({ maxBytes: maxBytes - 1 })));
    expect(error.failure.unreadable).toBe(true);
    expect(text.startsWith(error.failure.head ?? "no head")).toBe(true);
  });

  test("is the same for an error's page", async () => {
    await using platform = new ScriptedPlatform();
    const headers = { "content-type": "text/html" };
    const page = " ".repeat(2 * MIB);
    platform.on("workspace", () => new Response(page, { status: 404, headers }));
    const error = await failureOf(httpFor(platform.url).call(callOf()));
    expect(error).toMatchObject({ verdict: "transient", failure: { status: 404 } });
  });

  test("gives its beginning, and not more of it than tells what it was", async () => {
    await using platform = new ScriptedPlatform();
    const body = largeBody(50_000_000);
    platform.on("workspace", () => new Response(body.stream, { headers: JSON_TYPE }));
    const { failure } = await failureOf(httpFor(platform.url).call(callOf()));
    expect(failure.head).toStartWith("[ ");
    expect(failure.head).toHaveLength(16_384);
  });

  test("hangs up, so that nobody goes on sending", async () => {
    await using platform = new ScriptedPlatform();
    const cancelled = Promise.withResolvers<void>();
    const chunk = new Uint8Array(64 * 1024);
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(chunk),
      cancel: () => cancelled.resolve(),
    });
    platform.on("workspace", () => new Response(stream, { headers: JSON_TYPE }));
    await failureOf(httpFor(platform.url).call(callOf()));
    await cancelled.promise;
  });
});

test.each(["gzip", "br", "deflate", "zstd", "x".repeat(50)])(
  "an answer packed as %s, which was not asked for, is not unpacked but refused",
  async (encoding) => {
    const headers = { "content-encoding": encoding, "content-length": "2" };
    using server = new RawServer((socket) => socket.end(`${head("200 OK", headers)}{}`));
    const error = await failureOf(httpFor(server.url).call(callOf()));
    expect(error).toMatchObject({ verdict: "transient", failure: { unreadable: false } });
    expect(error.message).toContain(
      `in the encoding ${encoding.slice(0, 20)}, which was not asked`,
    );
    expect(error.message.length).toBeLessThan(150);
  },
);

test("an answer that says that it is not packed is read", async () => {
  const headers = { "content-encoding": "Identity", "content-length": "2" };
  using server = new RawServer((socket) => socket.end(`${head("200 OK", headers)}{}`));
  expect((await httpFor(server.url).call(callOf())).body).toEqual({});
});

test("an answer in pieces, cut within a character, is put together again", async () => {
  await using platform = new ScriptedPlatform();
  const bytes = new TextEncoder().encode('{"name":"ä漢😀"}');
  platform.on("workspace", () => {
    const stream = new ReadableStream<Uint8Array>({
      async start(controller) {
        for (const byte of bytes) {
          controller.enqueue(Uint8Array.of(byte));
          await new Promise((resolve) => setImmediate(resolve));
        }
        controller.close();
      },
    });
    return new Response(stream, { headers: JSON_TYPE });
  });
  expect((await httpFor(platform.url).call(callOf())).body).toEqual({ name: "ä漢😀" });
});
