/** Files for the canvas user, and what strangers make of ids and names. */
import { afterEach, describe, expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { filePayload } from "../../../src/platform/multipart.ts";
import type { FileToUpload } from "../../../src/platform/platform.ts";
import { clientFor, failureOf } from "../../harness/client.ts";
import { labelled } from "../../harness/label.ts";
import { head, RawServer } from "../../harness/raw-server.ts";
import { ScriptedPlatform, WORKSPACE } from "../../harness/scripted-platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";

const MIB = 1024 * 1024;
const FILE = { name: "a.txt", mimeType: "text/plain", data: new Blob(["hello"]) };
const folder = tmpFolder();

afterEach(() => {
  rmSync(join(folder.path, "file"), { force: true });
});

/** The form as another program reads it. */
async function formOf(file: FileToUpload): Promise<File> {
  const { contentType, stream, size } = filePayload("files", file, "test");
  const headers = { "content-type": contentType };
  const bytes = await new Response(stream()).bytes();
  expect(bytes.byteLength).toBe(size);
  const form = await new Response(bytes, { headers }).formData();
  expect([...form.keys()]).toEqual(["files"]);
  const [found] = form.getAll("files");
  if (!(found instanceof File)) throw new Error("no file");
  return found;
}

describe("a file that is sent", () => {
  test("arrives as it is, and is known by what the platform calls it", async () => {
    await using platform = new ScriptedPlatform();
    const taken = await clientFor(platform.url).upload(FILE);
    const [sent] = platform.seen;
    const file: File = sent?.body.get("files");
    expect([file.name, file.type, await file.text()]).toEqual([
      "a.txt",
      "text/plain;charset=utf-8",
      "hello",
    ]);
    expect(sent?.headers.has("content-length")).toBe(true);
    expect(taken).toEqual({
      uri: expect.stringMatching(new RegExp(`^platform-pending:${WORKSPACE}/[0-9a-f-]{36}$`)),
      name: "a.txt",
      mimeType: "text/plain;charset=utf-8",
      size: 5,
    });
  });

  test.each<[mimeType: string | undefined, dataType: string, sent: string]>([
    ["image/png", "text/html", "image/png"],
    ["text/plain; charset=utf-8", "", "text/plain; charset=utf-8"],
    [undefined, "image/png", "image/png"],
    [undefined, "", "application/octet-stream"],
    ["", "", "application/octet-stream"],
    ["no type", "", "application/octet-stream"],
    ["a/b\r\nx-evil: 1", "", "application/octet-stream"],
    ['a/b; c="d"e', "", "application/octet-stream"],
    ["ä/b", "", "application/octet-stream"],
  ])("of type %j, with data of type %j, goes as %s", async (mimeType, type, sent) => {
    const { stream } = filePayload(
      "files",
      { name: "a", mimeType, data: new Blob([], { type }) },
      "",
    );
    const text = await new Response(stream()).text();
    expect(text.split("\r\n").slice(2, 4)).toEqual([`Content-Type: ${sent}`, ""]);
  });

  test("keeps its bytes, whatever they and its name are", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 200 }),
        fc.oneof(
          fc.string({ unit: "binary" }),
          fc.string({ unit: fc.constantFrom(...'"\\\r\n/;=%\u0000-ä') }),
        ),
        async (bytes, name) => {
          const file = await formOf({ name, mimeType: undefined, data: new Blob([bytes]) });
          expect(await file.bytes()).toEqual(bytes);
          expect(file.name).not.toMatch(/["\\/\u0000-\u001f\u007f]/);
          expect(file.name).not.toBe("");
        },
      ),
    );
  });

  test.each([
    ["plain.txt", "plain.txt"],
    ["ä 漢 😀.png", "ä 漢 😀.png"],
    ["", "file"],
    ['a"; filename="b', "a__ filename=_b".replace("__", "_;")],
    ["../../etc/passwd", ".._.._etc_passwd"],
    ["a\r\ncontent-type: x", "a__content-type: x"],
    ["😀".repeat(300), "😀".repeat(255)],
    ["half \ud800", "half \ufffd"],
  ])("%j goes under the name %j", async (name, shown) => {
    expect((await formOf({ ...FILE, name })).name).toBe(shown);
  });

  test("of fifty megabytes is read in small pieces", async () => {
    const path = join(folder.path, "file");
    writeFileSync(path, new Uint8Array(50 * MIB));
    const payload = filePayload("files", { ...FILE, data: Bun.file(path) }, "test");
    let size = 0;
    for await (const chunk of payload.stream() as unknown as AsyncIterable<Uint8Array>) {
      expect(chunk.byteLength).toBeLessThanOrEqual(2 * MIB);
      size += chunk.byteLength;
    }
    expect(size).toBe(payload.size);
  });

  test("that is not there, or shrank, is said to be, and nobody waits for the rest of it", async () => {
    await using platform = new ScriptedPlatform();
    const path = join(folder.path, "file");
    writeFileSync(path, new Uint8Array(MIB));
    const data = Bun.file(path);
    const { size } = data;
    expect(size).toBe(MIB);
    writeFileSync(path, "short");
    const shrunk = await failureOf(clientFor(platform.url).upload({ ...FILE, data }));
    expect(shrunk).toMatchObject({
      message: "uploading a file: the file can't be read (its size changed meanwhile)",
      verdict: "permanent",
    });
    rmSync(path);
    const gone = await failureOf(clientFor(platform.url).upload({ ...FILE, data }));
    expect(gone.message).toBe("uploading a file: the file can't be read (ENOENT)");
    expect(gone.verdict).toBe("permanent");
  });

  test("is sent again, whole, where a redirect at home asks for it", async () => {
    await using platform = new ScriptedPlatform();
    platform.on("upload", (_, nth) =>
      nth === 1 ? Response.redirect(`/workspaces/${WORKSPACE}/chat/uploads?again`, 307) : undefined,
    );
    expect((await clientFor(platform.url).upload(FILE)).size).toBe(5);
    expect(platform.calls("upload")).toHaveLength(2);
  });
});

describe("an answer to a file", () => {
  test.each<[number, object, string]>([
    [400, { error: "no file" }, "permanent"],
    [413, { error: "request body too large" }, "permanent"],
    [401, { error: "no" }, "unauthorized"],
    [404, { error: "workspace not found" }, "permanent"],
    [503, { error: "in push mode" }, "transient"],
    [500, { error: "down" }, "transient"],
  ])("of %i %j is %s", async (status, body, verdict) => {
    await using platform = new ScriptedPlatform();
    platform.on("upload", () => Response.json(body, { status }));
    const error = await failureOf(clientFor(platform.url).upload(FILE));
    expect(error).toMatchObject({ verdict: verdict as typeof error.verdict, failure: { status } });
  });

  test("that comes before the file is read is heard", async () => {
    const body = '{"error":"request body too large"}';
    const headers = {
      "content-type": "application/json",
      "content-length": String(body.length),
      connection: "close",
    };
    using server = new RawServer((socket) => {
      socket.pause();
      socket.write(`${head("413 Content Too Large", headers)}${body}`);
    });
    const data = new Blob([new Uint8Array(20 * MIB)]);
    const error = await failureOf(clientFor(server.url).upload({ ...FILE, data }));
    expect(error).toMatchObject({ verdict: "permanent", failure: { status: 413 } });
  });

  const useless: unknown[] = [
    {},
    { files: [] },
    { files: {} },
    { files: [null] },
    { files: ["platform-pending:a/b"] },
    { files: [{ name: "a.txt" }] },
    { files: [{ uri: 7 }] },
    { files: [{ uri: "" }] },
    { files: [{ uri: "no scheme" }] },
    { files: [{ uri: "a:b c" }] },
    { files: [{ uri: "a:b\nc" }] },
    { files: [{ uri: "a:\u202eb" }] },
    { files: [{ uri: `a:${"b".repeat(2_048)}` }] },
    [],
  ];
  test.each(labelled(useless))("is of no use without an address: %s", async (_, body) => {
    await using platform = new ScriptedPlatform();
    platform.on("upload", () => Response.json(body));
    expect(await failureOf(clientFor(platform.url).upload(FILE))).toMatchObject({
      message: "uploading a file: 200, but without an address for it",
      verdict: "transient",
    });
  });

  test("need not say more than the address", async () => {
    await using platform = new ScriptedPlatform();
    const uri = "workspace:files/1";
    for (const more of [{}, { name: "", mimeType: 7, size: -1 }, { size: "5", name: null }]) {
      platform.on("upload", () => Response.json({ files: [{ uri, ...more }] }));
      expect(await clientFor(platform.url).upload(FILE)).toEqual({
        uri,
        name: "a.txt",
        mimeType: undefined,
        size: undefined,
      });
    }
  });
});

describe("an id of a file", () => {
  test.each([".", "..", "", "x".repeat(201)])("of %j is none, and nobody is asked", async (id) => {
    await using platform = new ScriptedPlatform();
    const client = clientFor(platform.url);
    const sink = () => {};
    expect((await failureOf(client.download(id, sink, { maxBytes: 5 }))).verdict).toBe("permanent");
    expect((await failureOf(client.acknowledge(id))).verdict).toBe("permanent");
    expect((await failureOf(client.peerName(id))).verdict).toBe("permanent");
    expect(platform.seen).toEqual([]);
  });

  test.each(labelled(["../../x", "a/b", "%2e%2e", "a?b#c", "\ud800", "x".repeat(200)]))(
    "of %s stays in its place",
    async (_, id) => {
      await using platform = new ScriptedPlatform();
      await clientFor(platform.url).acknowledge(id);
      const shown = encodeURIComponent(id.toWellFormed());
      expect(platform.seen[0]?.path).toBe(`/workspaces/${WORKSPACE}/pending-uploads/${shown}/ack`);
    },
  );
});
