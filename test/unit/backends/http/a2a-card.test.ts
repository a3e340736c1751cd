import { describe, expect, test } from "bun:test";
import { findCard } from "../../../../src/backends/http/a2a-card.ts";
import { OLD_MESSAGE, httpBackend, rpc, TestServer } from "./support.ts";
import { never, request, TestParts } from "../support.ts";

/** Reads a card that lies at `place` of a server, for the url with this path there. */
async function reading(card: (origin: string) => unknown, path = "/", place = "agent-card.json") {
  await using server = new TestServer((heard): Response => {
    const found = heard.path === `/.well-known/${place}`;
    return found ? Response.json(card(server.url)) : new Response(null, { status: 404 });
  });
  const url = new URL(path, server.url);
  const found = await findCard({ url, headers: {} }, never, new TestParts({}));
  const address = found.kind === "card" ? found.address : undefined;
  const shown = address?.url.href.replace(server.url, "");
  return address === undefined ? found : { ...address, url: shown };
}

const rpcAt = (url: string, protocolVersion: string, more: object = {}) => ({
  url,
  protocolBinding: "JSONRPC",
  protocolVersion,
  ...more,
});

describe("a card of 1.0", () => {
  test("gives its version, its path and its tenant", async () => {
    const card = (at: string) => ({
      supportedInterfaces: [rpcAt(`${at}/a2a`, "1.0", { tenant: "t" })],
    });
    expect(await reading(card)).toEqual({ url: "/a2a", version: "1.0", tenant: "t" });
  });

  test("has the newest version that we speak taken from it, and JSON-RPC only", async () => {
    const card = (at: string) => ({
      supportedInterfaces: [
        { url: `${at}/grpc`, protocolBinding: "GRPC", protocolVersion: "1.0" },
        rpcAt(`${at}/two`, "2.0"),
        rpcAt(`${at}/old`, "0.3"),
        rpcAt(`${at}/new`, "1.0.1"),
      ],
    });
    expect(await reading(card)).toMatchObject({ url: "/new", version: "1.0" });
  });

  test("has the version taken from it that it gives for the operator's path", async () => {
    const card = (at: string) => ({
      supportedInterfaces: [rpcAt(`${at}/new`, "1.0"), rpcAt(`${at}/old`, "0.3")],
    });
    expect(await reading(card, "/old")).toMatchObject({ url: "/old", version: "0.3" });
  });
});

describe("a card of 0.3", () => {
  test("gives its version and its path", async () => {
    const card = (at: string) => ({ protocolVersion: "0.3.0", url: `${at}/rpc` });
    expect(await reading(card)).toMatchObject({ url: "/rpc", version: "0.3" });
  });

  test("is found under its old name", async () => {
    const card = (at: string) => ({ url: `${at}/rpc` });
    expect(await reading(card, "/", "agent.json")).toMatchObject({ url: "/rpc", version: "0.3" });
  });

  test("with another transport first has JSON-RPC among the others", async () => {
    const card = (at: string) => ({
      protocolVersion: "0.3.0",
      url: `${at}/grpc`,
      preferredTransport: "GRPC",
      additionalInterfaces: [{ url: `${at}/rpc`, transport: "JSONRPC" }],
    });
    expect(await reading(card)).toMatchObject({ url: "/rpc", version: "0.3" });
  });
});

describe("the operator's url", () => {
  test.each(["https://example.com/evil", "http://127.0.0.1:1/evil", "file:///etc", "", 5])(
    "stays where a card speaks of %p",
    async (url) => {
      const card = () => ({ supportedInterfaces: [rpcAt(url as string, "1.0")] });
      expect(await reading(card)).toMatchObject({ url: "/", version: "1.0" });
    },
  );

  test("keeps its path where the card lies above it", async () => {
    const card = (at: string) => ({ supportedInterfaces: [rpcAt(`${at}/other`, "1.0")] });
    expect(await reading(card, "/mine/rpc")).toMatchObject({ url: "/mine/rpc", version: "1.0" });
  });

  test("and the card's may call the same machine by different names", async () => {
    const card = (at: string) => {
      const { port } = new URL(at);
      return { supportedInterfaces: [rpcAt(`http://0.0.0.0:${port}/a2a`, "1.0")] };
    };
    expect(await reading(card)).toMatchObject({ url: "/a2a" });
  });
});

describe("what is no card", () => {
  test.each([
    ["a list", []],
    ["empty", {}],
    ["without JSON-RPC", { supportedInterfaces: [] }],
  ])("as it is %s is passed over", async (_, card) => {
    expect(await reading(() => card)).toEqual({ kind: "none", sure: true });
  });

  test("for the moment is looked for again", async () => {
    let status = 503;
    await using server = new TestServer((heard): Response => {
      if (heard.method !== "GET") {
        const isNew = heard.text.includes("SendMessage");
        return rpc(heard, isNew ? { message: { ...OLD_MESSAGE, kind: undefined } } : null);
      }
      const card = { supportedInterfaces: [rpcAt(`${server.url}/`, "1.0")] };
      return status === 200 ? Response.json(card) : new Response(null, { status });
    });
    const backend = httpBackend([`url=${server.url}`]);
    await backend.run(request(), never);
    status = 200;
    const second = await backend.run(request({ activityId: "act-2" }), never);
    expect(second).toEqual({ kind: "answer", text: "hi" });
  });
});
