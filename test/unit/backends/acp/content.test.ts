import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FileRef } from "../../../../src/a2a/message.ts";
import { MAX_INLINE_BYTES, promptBlocks } from "../../../../src/backends/acp/content.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { request } from "../support.ts";

const PNG = Buffer.from("\x89PNG\r\n\x1a\n and more", "latin1");

/** The blocks below the text, for images of these bytes. */
async function blocksOf(...contents: Buffer[]) {
  using folder = tmpFolder();
  const files = contents.map((content, n): FileRef => {
    const path = join(folder.path, `${n}.png`);
    writeFileSync(path, content);
    return { name: `${n}.png`, mimeType: "image/png", uri: "x:/1", size: undefined, path };
  });
  return (await promptBlocks(request({ files }), { images: true })).slice(1);
}

const typesOf = (blocks: { type: string }[]) => blocks.map(({ type }) => type);

test("images have a limit each and a limit together, in bytes of the files", async () => {
  const sized = (size: number) => Buffer.concat([PNG, Buffer.alloc(size - PNG.length)]);
  const large = sized(MAX_INLINE_BYTES);
  expect(typesOf(await blocksOf(large, large, PNG))).toEqual(["image", "image", "resource_link"]);
  const almost = sized(MAX_INLINE_BYTES - PNG.length);
  expect(typesOf(await blocksOf(large, almost, PNG, PNG))).toEqual([
    "image",
    "image",
    "image",
    "resource_link",
  ]);
  expect(typesOf(await blocksOf(sized(MAX_INLINE_BYTES + 1)))).toEqual(["resource_link"]);
});

test("what is called an image and is none is linked, and one of another type goes as what it is", async () => {
  const jpeg = Buffer.from("\xff\xd8\xff\xe0", "latin1");
  expect(await blocksOf(Buffer.from("no image"), jpeg)).toMatchObject([
    { type: "resource_link", name: "0.png" },
    { type: "image", mimeType: "image/jpeg", data: jpeg.toString("base64") },
  ]);
});

test("an agent that takes no images gets links", async () => {
  using folder = tmpFolder();
  const path = join(folder.path, "a.png");
  writeFileSync(path, PNG);
  const file = { name: "a.png", mimeType: "image/png", uri: undefined, size: 1, path };
  const blocks = await promptBlocks(request({ files: [file] }), { images: false });
  expect(typesOf(blocks)).toEqual(["text", "resource_link"]);
});
