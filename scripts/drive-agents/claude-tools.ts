/** What it may do, what it tells on the way, and how it ends. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { request } from "../../test/unit/backends/support.ts";
import { type Checks, expectText, like, same, until } from "./claude-lab.ts";

export const TOOLS: Checks = {
  async "text and tools on the way are told, the answer is not"(lab) {
    lab.file("work/a.txt", "inside");
    lab.uses("Read", { file_path: join(lab.cwd, "a.txt") });
    like(await lab.run({}), { kind: "answer", text: "done" });
    same([lab.texts, lab.tasks], [["let me see"], ["using Read"]]);
  },

  async "a run that takes too long is ended"(lab) {
    lab.api.answer = () => "silence";
    like(await lab.run({}, ["timeout=3s"]), { kind: "failed", told: expectText("within 3 s") });
  },

  async "one that is stopped ends at once"(lab) {
    lab.api.answer = () => "silence";
    const abort = new AbortController();
    const running = lab.backend().run(request(), abort.signal);
    await until(() => lab.api.calls.length > 0);
    const begun = performance.now();
    abort.abort();
    like(await running, { kind: "stopped" });
    same(performance.now() - begun < 5_000, true);
  },

  async "a tool that is not allowed is refused, and noted"(lab) {
    lab.uses("Write", { file_path: join(lab.cwd, "made"), content: "x" }, "I may not");
    like(await lab.run({}), { kind: "answer", text: "I may not" });
    same(readdirSync(lab.cwd), []);
    same(lab.parts.notes.length === 1 && lab.parts.notes[0]?.includes("Write"), true);
  },

  async "allowed_tools allows it"(lab) {
    lab.uses("Bash", { command: "touch made", description: "x" });
    like(await lab.run({}, ["allowed_tools=Bash(touch *) WebSearch"]), { kind: "answer" });
    same(readdirSync(lab.cwd), ["made"]);
    same(lab.parts.notes, []);
  },

  async "a file that came with the message is read, and nothing else there is loaded"(lab) {
    lab.folder("in/.claude/skills/evil");
    lab.file("in/.claude/skills/evil/SKILL.md", "---\nname: evil\ndescription: CANARY\n---\n");
    lab.file("in/CLAUDE.md", "CANARY");
    const path = lab.file("in/a.txt", "outside");
    lab.uses("Read", { file_path: path });
    const file = { name: "a.txt", mimeType: undefined, uri: undefined, size: undefined };
    like(await lab.run({ files: [{ ...file, path }] }), { kind: "answer" });
    same(lab.api.sent().includes("1\\toutside"), true, lab.api.sent());
    same(JSON.stringify(lab.api.calls).includes("CANARY"), false);
  },

  async "a file outside that nobody sent is not read"(lab) {
    const path = lab.file("secret.txt", "outside");
    lab.uses("Read", { file_path: path });
    like(await lab.run({}), { kind: "answer" });
    same(lab.api.sent().includes("1\\toutside"), false);
  },

  async "a folder whose name can't stand in a rule is readable all the same"(lab) {
    lab.folder("in (1)");
    const path = lab.file("in (1)/a.txt", "outside");
    lab.uses("Read", { file_path: path });
    const file = { name: "a.txt", mimeType: undefined, uri: undefined, size: undefined };
    like(await lab.run({ files: [{ ...file, path }] }), { kind: "answer" });
    same(lab.api.sent().includes("1\\toutside"), true);
  },

  async "it can write files of an answer, and only where they go"(lab) {
    const answerFolder = lab.folder("out 1");
    lab.uses("Write", { file_path: join(answerFolder, "a.txt"), content: "x" });
    like(await lab.run({ answerFolder }), { kind: "answer" });
    same(readdirSync(answerFolder), ["a.txt"]);
    lab.uses("Write", { file_path: join(lab.root, "b.txt"), content: "x" });
    like(await lab.run({ answerFolder }), { kind: "answer" });
    same(readdirSync(lab.root).includes("b.txt"), false);
  },

  async "the budget of a run holds"(lab) {
    lab.uses("Read", { file_path: join(lab.cwd, "none") });
    const outcome = await lab.run({ budgetUsd: 0 }, ["max_budget_usd=5"]);
    like(outcome, { kind: "failed", reason: expectText("may cost") });
    same(outcome.kind === "failed" && (outcome.costUsd ?? 0) > 0, true, outcome);
  },

  async "the limit of turns holds"(lab) {
    lab.uses("Read", { file_path: join(lab.cwd, "none") });
    like(await lab.run({}, ["args=--max-turns 1"]), { kind: "failed", told: expectText("steps") });
  },

  async "model, prompts and mode reach it"(lab) {
    const options = ["model=sonnet", "system_prompt=BE BRIEF", "append_system_prompt=--AND KIND"];
    like(await lab.run({}, [...options, "permission_mode=plan"]), { kind: "answer" });
    const call = lab.api.calls.at(-1);
    same(call?.model.includes("sonnet"), true, call?.model);
    same(/BE BRIEF[^]*--AND KIND/.test(call?.system ?? ""), true, call?.system);
  },

  async "a command that it leaves in the background does not cost the answer"(lab) {
    const input = { command: "sleep 300", run_in_background: true, description: "x" };
    lab.uses("Bash", input, "started");
    like(await lab.run({}, ["allowed_tools=Bash"]), { kind: "answer", text: "started" });
  },
};
