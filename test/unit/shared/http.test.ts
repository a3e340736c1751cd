import { describe, expect, test } from "bun:test";
import {
  contentLength,
  encodingOf,
  mediaType,
  nextHop,
  readCapped,
} from "../../../src/shared/http.ts";

const given = (headers: Record<string, string>) => new Response("x", { headers });

test.each([
  ["Application/JSON; charset=utf-8", "application/json"],
  [" text/html ", "text/html"],
  ["", ""],
])("the media type of %j is %j", (written, type) => {
  expect(mediaType(given({ "content-type": written }))).toBe(type);
});

test.each([
  ["gzip", "gzip"],
  [" BR ", "br"],
  ["Identity", undefined],
  ["", undefined],
])("a body in the encoding %j came packed as %p", (written, encoding) => {
  expect(encodingOf(given({ "content-encoding": written }))).toBe(encoding);
});

test.each([
  ["12", 12],
  ["-1", undefined],
  ["1e3", undefined],
  ["1234567890123456", undefined],
])("the length %j is %p bytes", (written, length) => {
  expect(contentLength(given({ "content-length": written }))).toBe(length);
});

describe("the next hop", () => {
  const at = new URL("http://a.example/one");
  const hop = (status: number, location: string | undefined, method = "GET", hops = 0) => {
    const headers: Record<string, string> = location === undefined ? {} : { location };
    return nextHop(new Response(null, { status, headers }), at, method, hops);
  };

  test("is none where there is no redirect", async () => {
    expect(await hop(200, "/two")).toBeUndefined();
    expect(await hop(404, "/two")).toBeUndefined();
    expect(await hop(304, undefined)).toBeUndefined();
  });

  test("is followed at the same origin, three times", async () => {
    const to = new URL("http://a.example/two");
    expect(await hop(302, "/two", "GET", 2)).toEqual({ kind: "followed", to });
    expect(await hop(302, "/two", "GET", 3)).toEqual({ kind: "refused", to });
  });

  test.each(["https://a.example/one", "http://a.example:81/one", "http://b.example/one", "//b/"])(
    "is refused to another origin: %s",
    async (location) => {
      const to = new URL(location, at);
      expect(await hop(307, location)).toEqual({ kind: "refused", to });
    },
  );

  test("is refused where it leads to no address", async () => {
    expect(await hop(302, "http://[")).toEqual({ kind: "refused", to: null });
  });

  test.each([
    [301, "refused"],
    [302, "refused"],
    [303, "refused"],
    [307, "followed"],
    [308, "followed"],
  ] as const)("of a POST by %i, which keeps its body or not, is %s", async (status, kind) => {
    expect(await hop(status, "/two", "POST")).toMatchObject({ kind });
    expect(await hop(status, "/two", "OPTIONS")).toMatchObject({ kind: "followed" });
  });

  test("throws the body of the redirect away", async () => {
    const canceled = Promise.withResolvers<void>();
    const body = new ReadableStream({ cancel: () => canceled.resolve() });
    await nextHop(new Response(body, { status: 302, headers: { location: "/" } }), at, "GET", 0);
    await canceled.promise;
  });
});

describe("a body that is read up to a limit", () => {
  const encoder = new TextEncoder();
  /** In pieces, without a length. */
  const streamed = (...pieces: string[]) =>
    new Response(
      new ReadableStream({
        start(stream) {
          for (const piece of pieces) stream.enqueue(encoder.encode(piece));
          stream.close();
        },
      }),
    );
  const told = (text: string) => {
    const bytes = encoder.encode(text);
    return new Response(bytes, { headers: { "content-length": String(bytes.length) } });
  };

  test.each([streamed, told])("is whole where it has no more than that", async (made) => {
    expect(await readCapped(made("grüße"), 7)).toEqual({ text: "grüße", cut: false });
  });

  test.each([streamed, told])("is cut where it has more", async (made) => {
    expect(await readCapped(made("123456789"), 8)).toEqual({ text: "12345678", cut: true });
    expect(await readCapped(made("123456789"), 8, 3)).toEqual({ text: "123", cut: true });
  });

  test.each([streamed, told])("has no mark of the byte order", async (made) => {
    expect(await readCapped(made("\ufeff{}"), 100)).toEqual({ text: "{}", cut: false });
  });

  test("keeps a character that comes in two pieces", async () => {
    const [a, b] = [encoder.encode("é").slice(0, 1), encoder.encode("é").slice(1)];
    const body = new ReadableStream({
      start(stream) {
        stream.enqueue(a);
        stream.enqueue(b);
        stream.close();
      },
    });
    expect((await readCapped(new Response(body), 9)).text).toBe("é");
  });

  test("is not read on once there is too much of it", async () => {
    const canceled = Promise.withResolvers<void>();
    const body = new ReadableStream({
      pull: (stream) => stream.enqueue(encoder.encode("x".repeat(1000))),
      cancel: () => canceled.resolve(),
    });
    expect((await readCapped(new Response(body), 1500)).text).toHaveLength(1500);
    await canceled.promise;
  });

  test("may be none at all", async () => {
    expect(await readCapped(new Response(null), 9)).toEqual({ text: "", cut: false });
  });
});
