import { describe, expect, test } from "bun:test";
import { composeReply } from "../../../../src/bridge/runs/replies.ts";
import { readEntered } from "../../../../src/bridge/runs/run.ts";
import { row, WORKSPACE } from "../../../harness/scripted-platform.ts";
import { canvas, FRESH } from "../support.ts";

const head = { ...FRESH, id: row(1).id };
const EMPTY = "(The agent's answer is empty.)";

describe.each(["", " \n"])("an answer whose text is %j", (text) => {
  const compose = (raw: ReturnType<typeof row>, names: string[] = []) => {
    const files = names.map((name) => ({ path: name, name, mimeType: undefined, size: 1 }));
    const message = readEntered(JSON.stringify(raw), WORKSPACE)!;
    return composeReply(head, message, "answer", text, files).body;
  };

  test("says so to the canvas, which shows nothing that is empty", () => {
    expect(compose(canvas(1))).toBe(EMPTY);
  });

  test("names its files where it has some", () => {
    expect(compose(canvas(1), ["a", "b"])).toBe("a, b");
  });

  test("says so to a peer", () => {
    expect(JSON.parse(compose(row(1))).params.message.parts[0].text).toBe(EMPTY);
  });
});
