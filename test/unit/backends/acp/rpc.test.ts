import { expect, test } from "bun:test";
import fc from "fast-check";
import { MAX_PENDING, type RpcHandlers, RpcPeer } from "../../../../src/backends/acp/rpc.ts";

function peer(onFull = () => {}) {
  const sent: { id?: unknown; [key: string]: unknown }[] = [];
  const heard: unknown[] = [];
  const handlers: RpcHandlers = {
    onRequest: (method, params) => (method === "known" ? { result: { got: params } } : undefined),
    onNotification: (method, params) => void heard.push([method, params]),
  };
  const rpc = new RpcPeer((line) => void sent.push(JSON.parse(line)), handlers, onFull);
  const take = (message: unknown) => rpc.take(JSON.stringify(message));
  return { rpc, sent, heard, take };
}

test("each answer ends the call that it is for, in any order", async () => {
  const { rpc, sent, take } = peer();
  const calls = [rpc.request("a", {}), rpc.request("b", { x: 1 })];
  expect(sent).toEqual([
    { jsonrpc: "2.0", id: 1, method: "a", params: {} },
    { jsonrpc: "2.0", id: 2, method: "b", params: { x: 1 } },
  ]);
  take({ id: 2, error: { code: -1, message: "no", data: [1] } });
  take({ id: 1, result: null });
  expect(await Promise.all(calls)).toEqual([
    { kind: "result", value: null },
    { kind: "error", error: { code: -1, message: "no", data: [1] } },
  ]);
});

test("an answer to nothing, or a second one, is nobody's", async () => {
  const { rpc, take } = peer();
  const call = rpc.request("a", {});
  for (const id of ["1", 99, null, {}, -1]) expect(take({ id, result: 0 })).toBe(true);
  take({ id: 1, result: "first" });
  take({ id: 1, result: "second" });
  expect(await call).toEqual({ kind: "result", value: "first" });
});

test("an answer is told of before what comes after it", () => {
  const { rpc, heard, take } = peer();
  void rpc.request("a", {}, { onAnswer: () => void heard.push("answer") });
  take({ id: 1, result: {} });
  take({ method: "later", params: 1 });
  expect(heard).toEqual(["answer", ["later", 1]]);
});

test("what the other side asks is answered under its own id, what we lack with method not found", () => {
  const { sent, take } = peer();
  take({ id: "x", method: "known", params: 1 });
  take({ id: null, method: "toString" });
  take({ id: { odd: true }, method: "known" });
  expect(sent).toEqual([
    { jsonrpc: "2.0", id: "x", result: { got: 1 } },
    { jsonrpc: "2.0", id: null, error: { code: -32601, message: "Method not found" } },
  ]);
});

test("calls that wait are bounded, and who leaves so many without an answer is told of", async () => {
  let full = 0;
  const { rpc, sent } = peer(() => void full++);
  const calls = Array.from({ length: MAX_PENDING }, () => rpc.request("a", {}));
  expect(full).toBe(0);
  expect(await rpc.request("a", {})).toEqual({ kind: "closed" });
  expect(full).toBe(1);
  expect(sent).toHaveLength(MAX_PENDING);
  rpc.close();
  expect(await calls[0]).toEqual({ kind: "closed" });
});

test("a call that is given up, or that nobody waits for, takes no room, and its answer is nobody's", async () => {
  const { rpc, sent, take } = peer();
  for (let n = 0; n < MAX_PENDING; n++) {
    const over = new AbortController();
    void rpc.request("a", {}, { onAnswer: () => expect.unreachable(), signal: over.signal });
    over.abort();
    rpc.tell("b", {});
  }
  take({ id: 1, result: 0 });
  take({ id: 2, result: 0 });
  const call = rpc.request("c", {});
  expect(sent.at(-1)).toEqual({ jsonrpc: "2.0", id: 2 * MAX_PENDING + 1, method: "c", params: {} });
  take({ id: 2 * MAX_PENDING + 1, result: "c" });
  expect(await call).toEqual({ kind: "result", value: "c" });
});

test("after the end, all that waits and all that is asked is closed, and nothing is sent", async () => {
  const { rpc, sent } = peer();
  const waiting = rpc.request("a", {});
  rpc.close();
  rpc.notify("b", {});
  rpc.tell("b", {});
  expect(await waiting).toEqual({ kind: "closed" });
  expect(await rpc.request("c", {})).toEqual({ kind: "closed" });
  expect(sent).toHaveLength(1);
});

test("a line may be anything", () => {
  const { rpc } = peer();
  for (const line of [
    "",
    "x",
    "[]",
    "42",
    "null",
    "{}",
    '{"id":1}',
    '{"id":1,"error":null}',
    "{",
  ]) {
    expect(rpc.take(line)).toBe(false);
  }
  expect(rpc.take(`{"result":${"[".repeat(200_000)}${"]".repeat(200_000)},"id":7}`)).toBeBoolean();
  fc.assert(fc.property(fc.string(), (line) => void rpc.take(line)));
  fc.assert(fc.property(fc.json(), (line) => void rpc.take(line)));
});
