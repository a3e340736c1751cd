import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Refusal } from "../../../src/dev/answers.ts";
import { boundedBody } from "../../../src/dev/body.ts";
import { boundaryOf, partsOf } from "../../../src/dev/multipart.ts";

interface Read {
  name: string | undefined;
  filename: string | undefined;
  type: string | undefined;
  text: string;
}

/** The parts of a body that comes in pieces of at most so many bytes. */
async function read(body: string | Uint8Array, boundary = "B", pieceBytes = 7): Promise<Read[]> {
  const bytes = Buffer.from(body as string);
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      yield bytes.subarray(at, at + pieceBytes);
    }
  }
  const parts: Read[] = [];
  for await (const { data, name, filename, type } of partsOf(pieces(), boundary)) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of data) chunks.push(chunk.slice());
    parts.push({ name, filename, type, text: Buffer.concat(chunks).toString("latin1") });
  }
  return parts;
}

async function refusalOf(body: string): Promise<string> {
  const error = await read(body).catch((thrown: unknown) => thrown);
  if (!(error instanceof Refusal)) throw new Error(`no refusal, but ${Bun.inspect(error)}`);
  expect(error.status).toBe(400);
  return error.message;
}

const part = (headers: string, content = "x") => `--B\r\n${headers}\r\n\r\n${content}\r\n--B--\r\n`;

describe("a form", () => {
  test("that another program wrote is read, in whatever pieces it comes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.uint8Array({ maxLength: 50 }),
            fc.constantFrom("\r\n", "--", "\r\n--", "\r\n\r\n"),
          ),
          { maxLength: 5 },
        ),
        fc.integer({ min: 1, max: 80 }),
        async (contents, pieceBytes) => {
          const form = new FormData();
          for (const content of contents) form.append("files", new Blob([content]), "n.bin");
          form.append("last", "text");
          const response = new Response(form);
          const bytes = await response.bytes();
          const boundary = Buffer.from(bytes).toString("latin1").split("\r\n")[0]?.slice(2) ?? "";
          const parts = await read(bytes, boundary, pieceBytes);
          expect(parts.map(({ text }) => text)).toEqual([
            ...contents.map((content) => Buffer.from(content as string).toString("latin1")),
            "text",
          ]);
          expect(parts.at(-1)).toEqual({
            name: "last",
            filename: undefined,
            type: undefined,
            text: "text",
          });
        },
      ),
    );
  });

  test("is read between what stands before and after it", async () => {
    const body = `before\r\n${part('Content-Disposition: form-data; name="a"')}after\r\n--B\r\n`;
    expect((await read(body)).map(({ name }) => name)).toEqual(["a"]);
  });

  test.each([
    ['form-data; name="files"; filename="a b.txt"', "a b.txt"],
    ["form-data; name=files; filename=a.txt", "a.txt"],
    ['FORM-DATA; NAME="files"; FILENAME="a"', "a"],
    ['form-data; name="files"; filename="a\\"b\\\\c"', 'a"b\\c'],
    ['form-data; name="files"; filename="a;b=c"', "a;b=c"],
    ['form-data; name="files"; filename="x"; filename*=UTF-8\'\'%C3%A4', "ä"],
    ['form-data; name="files"; filename="x"; filename*=UTF-8\'\'%E4%ZZ', "x"],
    ['form-data; name="files"; filename="ä漢"', "ä漢"],
    ['form-data; name="files"; filename=""', ""],
    ['form-data; name="files"', undefined],
  ])("has in %s the file name %j", async (disposition, filename) => {
    const [found] = await read(part(`content-disposition: ${disposition}`));
    expect(found).toMatchObject({ name: "files", ...(filename === undefined ? {} : { filename }) });
    expect(found?.filename).toBe(filename);
  });

  test.each([
    ["", "it ends early"],
    ["--B", "it ends early"],
    ["--B\r\n", "it ends early"],
    ["--Bx\r\n\r\n\r\n--B--", "a boundary goes on"],
    ["--B\r\nno colon\r\n\r\nx\r\n--B--", "a header without a colon"],
    ["--B\r\na: b\r\n\r\nx", "it ends early"],
    ["--B\r\na: b\r\n\r\nx\r\n--", "it ends early"],
    [`--B\r\n${"a: b\r\n".repeat(32)}\r\nx\r\n--B--`, "too many headers"],
    [`--B\r\na: ${"b".repeat(10_000)}\r\n\r\nx\r\n--B--`, "a line is too long"],
    [`--B${" ".repeat(10_000)}`, "a line is too long"],
  ])("that is broken is a 400: %j", async (body, words) => {
    expect(await refusalOf(body)).toContain(words);
  });

  test("of any bytes is read or refused, and nothing else", async () => {
    const bits = fc.constantFrom(
      "--B",
      "--",
      "\r\n",
      "B",
      ":",
      "a: b",
      'content-disposition: form-data; name="',
      '"',
      ";",
      "filename=",
      "\u0000",
      "ä",
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(bits, { maxLength: 20 }),
        fc.integer({ min: 1, max: 9 }),
        async (all, n) => {
          const end = await read(all.join(""), "B", n).catch((error: unknown) => error);
          expect(end instanceof Refusal || Array.isArray(end)).toBe(true);
        },
      ),
    );
  });
});

test.each([
  ["multipart/form-data; boundary=abc", "abc"],
  ['Multipart/Form-Data; charset=utf-8; boundary="a b"', "a b"],
  ["multipart/form-data", undefined],
  ["multipart/form-data; boundary=", undefined],
  [`multipart/form-data; boundary=${"b".repeat(71)}`, undefined],
  ["multipart/mixed; boundary=abc", undefined],
  ["application/json", undefined],
  [null, undefined],
])("the boundary of %j is %j", (type, boundary) => {
  expect(boundaryOf(type)).toBe(boundary);
});

describe("a bounded body", () => {
  /** What of a body is let through, how it ends, and how much of it was read. */
  async function passed(chunks: number[], max: number, headers: { [name: string]: string } = {}) {
    let readBytes = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const size = chunks.shift();
        if (size === undefined) return controller.close();
        readBytes += size;
        controller.enqueue(new Uint8Array(size));
      },
    });
    const request = new Request("http://localhost/", { method: "POST", body, headers });
    let passedBytes = 0;
    let status = 200;
    try {
      for await (const chunk of boundedBody(request, max)) passedBytes += chunk.length;
    } catch (error) {
      status = error instanceof Refusal ? error.status : 0;
    }
    return { passedBytes, readBytes, status };
  }

  test("may be as large as it may be, and what is more is read and dropped", async () => {
    expect(await passed([5, 5], 10)).toEqual({ passedBytes: 10, readBytes: 10, status: 200 });
    expect(await passed([5, 5, 1, 99], 10)).toEqual({
      passedBytes: 10,
      readBytes: 110,
      status: 413,
    });
  });

  test("that says it is too large is not let through at all", async () => {
    const headers = { "content-length": "11" };
    const end = await passed([5, 6], 10, headers);
    expect(end).toEqual({ passedBytes: 0, readBytes: 11, status: 413 });
  });

  test("that breaks off is a 400", async () => {
    const body = new ReadableStream({ pull: (controller) => controller.error(new Error("gone")) });
    const request = new Request("http://localhost/", { method: "POST", body });
    const reading = boundedBody(request, 10).next();
    expect(await reading.catch((error: Refusal) => error.status)).toBe(400);
  });
});
