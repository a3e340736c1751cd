/** One visitor's stream, by itself. */
import { expect, test } from "bun:test";
import {
  encodeFrames,
  MAX_WAITING_BYTES,
  MAX_WAITING_CHUNKS,
  Stream,
} from "../../../src/page/stream.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

async function readAll(stream: Stream): Promise<string[]> {
  const chunks: string[] = [];
  for await (const chunk of stream.body) chunks.push(new TextDecoder().decode(chunk));
  return chunks;
}

function open() {
  const ends: string[] = [];
  return { ends, stream: new Stream(() => ends.push("end")) };
}

test("frames go together as events of their own", () => {
  const text = new TextDecoder().decode(
    encodeFrames([
      { type: "removed", workspaceId: "a\n\nb" },
      { type: "removed", workspaceId: "c" },
    ]),
  );
  expect(text).toBe(
    'data: {"type":"removed","workspaceId":"a\\n\\nb"}\n\ndata: {"type":"removed","workspaceId":"c"}\n\n',
  );
});

test("what is sent arrives in order, whether somebody waits for it or not", async () => {
  const { stream, ends } = open();
  const reader = stream.body.getReader();
  const waiting = reader.read();
  stream.send(bytes("0"));
  expect((await waiting).value).toEqual(bytes("0"));
  for (let n = 1; n <= 9; n++) stream.send(bytes(String(n)));
  for (let n = 1; n <= 9; n++) expect((await reader.read()).value).toEqual(bytes(String(n)));
  stream.send(bytes("x"));
  stream.end();
  expect((await reader.read()).value).toEqual(bytes("x"));
  expect((await reader.read()).done).toBe(true);
  stream.send(bytes("late"));
  stream.end();
  expect(ends).toEqual(["end"]);
});

test("what waits is read before the end", async () => {
  const { stream } = open();
  for (let n = 0; n < 100; n++) stream.send(bytes(String(n)));
  stream.end();
  expect(await readAll(stream)).toEqual(Array.from({ length: 100 }, (_, n) => String(n)));
});

test.each<[string, Uint8Array, number]>([
  ["many chunks", bytes("x"), MAX_WAITING_CHUNKS],
  ["many bytes", new Uint8Array(MAX_WAITING_BYTES / 4), 4],
])("a visitor for whom %s wait is cut off", async (_, chunk, most) => {
  const { stream, ends } = open();
  // One has left for the server by the time that others wait.
  for (let n = 0; n <= most; n++) stream.send(chunk);
  expect(ends).toEqual([]);
  stream.send(chunk);
  expect(ends).toEqual(["end"]);
  expect(await readAll(stream)).toHaveLength(1);
});

test("a visitor that reads is not cut off, however much there is", async () => {
  const { stream, ends } = open();
  const reader = stream.body.getReader();
  for (let n = 0; n < 10 * MAX_WAITING_CHUNKS; n++) {
    stream.send(bytes("x"));
    await reader.read();
  }
  expect(ends).toEqual([]);
});

test("a visitor that goes is told of once, and nothing is kept for it", async () => {
  const { stream, ends } = open();
  stream.send(bytes("x"));
  await stream.body.cancel();
  stream.send(bytes("y"));
  stream.end();
  expect(ends).toEqual(["end"]);
});
