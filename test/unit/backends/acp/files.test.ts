import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, realpathSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { compose } from "../../../../src/backends/acp/answer.ts";
import { saveFiles } from "../../../../src/backends/acp/files.ts";
import { Turn } from "../../../../src/backends/acp/turn.ts";
import type { Outcome } from "../../../../src/backends/backend.ts";
import { Secrets } from "../../../../src/shared/secrets.ts";
import { tmpFolder } from "../../../harness/tmp.ts";

/** Folders for an answer, and an agent's turn with these contents. */
function scene(...contents: object[]) {
  const folder = tmpFolder();
  const root = realpathSync(folder.path);
  const folders = { cwd: root, answerFolder: join(root, "answers") };
  mkdirSync(folders.answerFolder);
  const secrets = new Secrets();
  const notes: string[] = [];
  const onNote = (note: string) => void notes.push(note);
  const mask = (text: string) => secrets.mask(text);
  const turn = new Turn({ permissions: "deny", hooks: undefined, mask, onNote });
  for (const content of contents) {
    turn.update({ sessionUpdate: "agent_message_chunk", content });
  }
  const end = (whole = true) => compose(turn, whole, { ...folders, secrets, onNote });
  const leave = () => writeFileSync(join(folders.answerFolder, "bars.svg"), "<svg/>");
  const dispose = () => folder[Symbol.dispose]();
  return { turn, folders, secrets, notes, end, leave, [Symbol.dispose]: dispose };
}

const ONLY_FILE: Outcome = {
  kind: "answer",
  text: "[The agent answered with a file, which can't be sent here.]",
};
const NOTHING = { kind: "failed", told: "the agent gave no answer" };

test("a file that was left in the answer folder is an answer without a word", async () => {
  using it = scene();
  expect(await it.end()).toMatchObject(NOTHING);
  it.leave();
  expect(await it.end()).toEqual({ kind: "answer", text: "" });
  expect(await it.end(false)).toEqual({
    kind: "answer",
    text: "[cut: the agent reached its limit of tokens]",
  });
});

test("a file that was left there goes in place of one that can't be sent", async () => {
  const elsewhere = { type: "resource_link", name: "x", uri: "https://example.com/x" };
  using it = scene(elsewhere);
  expect(await it.end()).toEqual(ONLY_FILE);
  it.leave();
  expect(await it.end()).toEqual({ kind: "answer", text: "" });
});

test("a file that is too large is an answer that can't be sent, and not none", async () => {
  using it = scene({ type: "image", mimeType: "image/png", data: "A".repeat(33 * 1024 * 1024) });
  expect(await it.end()).toEqual(ONLY_FILE);
  expect(it.notes).toEqual(["left out of the answer: 1 files that are too many or too large"]);
});

test.each([
  ["file:///tmp/my%20plot.png", "my plot.png"],
  ["file:///tmp/gr%C3%BC%C3%9Fe.png?x#y", "grüße.png"],
  ["file:///tmp/100%.png", "100%.png"],
  ["file:///tmp/..%2F..%2Fevil.png", "evil.png"],
  ["file:///tmp/%2e%2e", "file"],
  ["file:///tmp/a%00b.png", "a_b.png"],
  ["file:///tmp/canary%2D0123456789.png", "[secret].png"],
  ["file:///tmp/", "image.png"],
])("an image from %s is saved as %s", async (uri, name) => {
  using it = scene();
  it.secrets.add("canary-0123456789");
  const block = { type: "image", mimeType: "image/png", data: "AAAA", uri };
  const { files, notes } = await saveFiles([block], it.folders, it.secrets);
  expect(notes).toEqual([]);
  expect(files.map(({ path }) => basename(path))).toEqual([name]);
  expect(readdirSync(it.folders.answerFolder)).toEqual([name]);
});

test("two of one name are both kept", async () => {
  using it = scene();
  const block = { type: "image", mimeType: "image/png", data: "AAAA" };
  const { files } = await saveFiles([block, block], it.folders, it.secrets);
  expect(files.map(({ path }) => basename(path))).toEqual(["image.png", "image-2.png"]);
});

test("one that can't be written is left out, and this is noted", async () => {
  using it = scene();
  const gone = { ...it.folders, answerFolder: join(it.folders.cwd, "gone") };
  const block = { type: "image", mimeType: "image/png", data: "AAAA" };
  expect(await saveFiles([block], gone, it.secrets)).toEqual({
    files: [],
    notes: ["left out of the answer: a file that can't be written"],
  });
});
