import { describe, expect, test } from "bun:test";
import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readJsonAnswer } from "../../../src/backends/json-answer.ts";
import {
  type AnswerRules,
  mostJsonBytes,
  outcomeOfJson,
  outcomeOfText,
} from "../../../src/backends/json-outcome.ts";
import { Secrets } from "../../../src/shared/secrets.ts";
import { tmpFolder } from "../../harness/tmp.ts";

const SECRET = "canary-0123456789";
const REFUSED = { path: "/etc/passwd" };

/** Rules, notes and folders for answers; `over` is what a test wants different. */
function scene(over: Partial<AnswerRules> = {}) {
  const folder = tmpFolder();
  const root = realpathSync(folder.path);
  const folders = { cwd: join(root, "work"), answerFolder: join(root, "answers") };
  for (const path of Object.values(folders)) mkdirSync(path);
  writeFileSync(join(folders.cwd, "a.txt"), "a");
  const notes: string[] = [];
  const secrets = new Secrets();
  secrets.add(SECRET);
  const onNote = (note: string) => void notes.push(note);
  const rules: AnswerRules = {
    speaker: "the agent",
    maxBytes: 100,
    folders,
    secrets,
    onNote,
    ...over,
  };
  const judge = (value: object) => {
    const read = readJsonAnswer(JSON.stringify(value));
    if (read.kind !== "answer") throw new Error(read.kind);
    return outcomeOfJson(read.answer, rules);
  };
  const leave = () => writeFileSync(join(folders.answerFolder, "bars.svg"), "<svg/>");
  const end = () => folder[Symbol.dispose]();
  return { rules, folders, notes, judge, leave, [Symbol.dispose]: end };
}

const SPEAKERS = ["the command", "the agent"] as const;

describe.each(SPEAKERS)("an answer of %s", (speaker) => {
  test("without text is one where a file was left for it, in JSON and in text", async () => {
    using it = scene({ speaker });
    const silent = [{}, { text: " " }, { retry_after_secs: 3 }, { files: [REFUSED] }];
    const kinds = async () => {
      const outcomes = await Promise.all(silent.map(it.judge));
      return [...outcomes, await outcomeOfText(" \n", it.rules)].map(({ kind }) => kind);
    };
    expect(await kinds()).toEqual(["declined", "declined", "again", "failed", "declined"]);
    it.leave();
    expect(await kinds()).toEqual(Array(5).fill("answer"));
    expect(await it.judge({})).toEqual({ kind: "answer", text: "" });
  });

  test("that declines or tells of an error is none, whatever was left", async () => {
    using it = scene({ speaker });
    it.leave();
    expect((await it.judge({ declined: true, text: "x" })).kind).toBe("declined");
    expect((await it.judge({ error: "boom", text: "x" })).kind).toBe("failed");
    expect((await it.judge({ error: "boom", retry_after_secs: 2 })).kind).toBe("again");
  });

  test("of nothing but files that may not be sent fails, though it asks for time", async () => {
    using it = scene({ speaker });
    for (const more of [{}, { retry_after_secs: 3 }]) {
      const note =
        "left out of the answer: a file that the agent named: /etc/passwd (it lies in neither its folder nor the answer folder)";
      expect(await it.judge({ files: [REFUSED], ...more })).toEqual({
        kind: "failed",
        reason: `${speaker} answered with nothing but files that may not be sent; ${note}`,
        told: `${speaker === "the agent" ? "the agent" : "the agent's program"} answered with files that can't be sent`,
      });
      expect(it.notes.splice(0)).toEqual([note]);
    }
  });

  test("has those of its files that may be sent, with or without a text", async () => {
    using it = scene({ speaker });
    const files = [{ path: join(it.folders.cwd, "a.txt") }];
    expect(await it.judge({ files })).toEqual({ kind: "answer", text: "", files });
    const named = [...files, REFUSED];
    expect(await it.judge({ text: "see", files: named })).toEqual({
      kind: "answer",
      text: "see",
      files,
    });
    expect(await it.judge({ text: "see", files: [REFUSED] })).toEqual({
      kind: "answer",
      text: "see",
    });
    expect(it.notes).toHaveLength(2);
  });

  test("is cut where it is too long, with and without files, and holds no secret", async () => {
    using it = scene({ speaker, maxBytes: 10 });
    const files = [{ path: "a.txt" }];
    const answers = [
      { text: "x".repeat(11) },
      { text: "x".repeat(11), files },
      { text: SECRET },
      { text: SECRET, files },
    ];
    const outcomes = await Promise.all(answers.map(it.judge));
    const texts = outcomes.map((outcome) => (outcome.kind === "answer" ? outcome.text : ""));
    const note = speaker === "the agent" ? "answer is longer" : "command wrote more";
    for (const text of texts.slice(0, 2)) {
      expect(text).toStartWith("xxxxxxxxxx\n\n[cut: the ");
      expect(text).toEndWith(`${note} than 10 bytes]`);
    }
    expect(texts.slice(2)).toEqual(["[secret]", "[secret]"]);
  });
});

test("where no file can go with an answer, those that it names are left out and told of", async () => {
  using it = scene({ folders: undefined });
  const note = "files can't go with this answer";
  expect(await it.judge({ text: "see", files: [REFUSED] })).toEqual({
    kind: "answer",
    text: "see",
  });
  expect(await it.judge({ files: [REFUSED] })).toMatchObject({
    kind: "failed",
    reason: `the agent answered with nothing but files that may not be sent; ${note}`,
  });
  expect(it.notes).toEqual([note, note]);
});

test("a text that was cut before says so", async () => {
  using it = scene();
  expect(await outcomeOfText("x", it.rules, true)).toEqual({
    kind: "answer",
    text: "x\n\n[cut: the agent's answer is longer than 100 bytes]",
  });
});

test("there is room for a text of which every letter is escaped", () => {
  const most = 10_000;
  const escaped = "\\u00e9".repeat(most / 2);
  expect(mostJsonBytes(most)).toBeGreaterThan(`{"text":"${escaped}"}`.length);
});
