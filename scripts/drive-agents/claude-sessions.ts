/** Memory: which session a message continues, and what becomes of one that is lost. */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Checks, FORGOTTEN, expectText, like, same, until } from "./claude-lab.ts";

const TOO_LONG = "prompt is too long: 250000 tokens > 200000 maximum";

export const SESSIONS: Checks = {
  async "its version is read"(lab) {
    await lab.backend().check();
    const old = lab.parts.notes.some((note) => note.includes("2.1.214"));
    const { stdout } = Bun.spawnSync([lab.program, "--version"]);
    const [, patch = 0] = /^2\.1\.(\d+)/.exec(stdout.toString()) ?? [];
    same(old, Number(patch) > 0 && Number(patch) < 214, lab.parts.notes);
  },

  async "two turns, and the second carries the first"(lab) {
    lab.says({ text: "answer one" });
    const first = await lab.run({ text: "question one" });
    like(first, { kind: "answer", text: "answer one" });
    same(first.kind === "answer" && (first.costUsd ?? 0) > 0, true, first);
    lab.says({ text: "answer two" });
    like(await lab.run({ text: "question two" }), { kind: "answer", text: "answer two" });
    for (const words of ["question one", "answer one", "question two"]) {
      same(lab.api.sent().includes(words), true, words);
    }
    same(lab.kept().begun, true);
  },

  async "another conversation knows nothing of it"(lab) {
    await lab.run({ text: "question one" });
    await lab.run({ text: "question two", contextId: "other" });
    same(lab.api.sent().includes("question one"), false);
  },

  async "killed in the first turn, the re-run resumes it"(lab) {
    lab.api.answer = () => "silence";
    const killed = lab.run({ text: "question one" }, [], (pid) => {
      // It writes its sessions a moment later than it speaks to its model.
      void until(() => lab.written().includes("question one")).then(() => {
        process.kill(-pid, "SIGKILL");
      });
    });
    like(await killed, { kind: "failed" });
    lab.says({ text: "answer" });
    like(await lab.run({ text: "question one", interrupted: true }), { kind: "answer" });
    same(lab.api.sent().split("question one").length - 1, 2, lab.api.sent());
    same(lab.parts.notes, []);
  },

  async "killed before its session was written, the re-run is answered all the same"(lab) {
    lab.api.answer = () => "silence";
    const killed = lab.run({ text: "question one" }, [], (pid) => {
      void until(() => lab.api.calls.length > 0).then(() => process.kill(-pid, "SIGKILL"));
    });
    like(await killed, { kind: "failed" });
    lab.says({ text: "answer" });
    like(await lab.run({ text: "question one", interrupted: true }), { kind: "answer" });
    same(lab.parts.notes, []);
  },

  async "a session that is gone begins anew, and both are told"(lab) {
    await lab.run({ text: "question one" });
    const { session } = lab.kept();
    rmSync(join(lab.root, "config", "projects"), { recursive: true });
    like(await lab.run({ text: "question two" }), { kind: "answer" });
    same(lab.api.sent().includes("question one"), false);
    same(lab.api.sent().includes(FORGOTTEN), true);
    same(lab.parts.notes.length, 1, lab.parts.notes);
    same(lab.kept().session === session, false);
  },

  async "a session whose file is spoilt begins anew"(lab) {
    await lab.run({ text: "question one" });
    const [project = ""] = readdirSync(join(lab.root, "config", "projects"));
    const { session } = lab.kept();
    lab.file(join("config", "projects", project, `${session}.jsonl`), "");
    like(await lab.run({ text: "question two" }), { kind: "answer" });
    same(lab.kept().session === session, false);
  },

  async "another folder begins anew, and is told"(lab) {
    await lab.run({ text: "question one" });
    like(await lab.run({ text: "two" }, [`cwd=${lab.folder("elsewhere")}`]), { kind: "answer" });
    same(lab.api.sent().includes(FORGOTTEN), true);
  },

  async "a session in use is resumed in the same run"(lab) {
    await lab.run({ text: "question one" });
    // As it is remembered where the bridge died before it heard of the answer.
    const { memory } = lab.parts;
    for (const [key, kept] of memory.kept) {
      memory.kept.set(key, JSON.stringify({ ...JSON.parse(kept), begun: false }));
    }
    like(await lab.run({ text: "question two" }), { kind: "answer" });
    same(lab.api.sent().includes("question one"), true);
    same(lab.parts.lines, []);
  },

  async "session=none leaves nothing behind"(lab) {
    await lab.run({ text: "question one" }, ["session=none"]);
    await lab.run({ text: "question two" }, ["session=none"]);
    same(lab.api.sent().includes("question one"), false);
    same([...lab.parts.memory.kept.keys()], []);
  },

  async "a message that begins like a command is none"(lab) {
    like(await lab.run({ text: "/cost" }), { kind: "answer", text: "ok" });
    same(lab.api.sent().includes("/cost"), true);
  },

  async "a conversation that became too long begins anew"(lab) {
    await lab.run({ text: "question one" });
    const { session } = lab.kept();
    lab.api.answer = ({ messages }) =>
      JSON.stringify(messages).includes("question one")
        ? { status: 400, type: "invalid_request_error", message: TOO_LONG }
        : { blocks: [{ text: "short again" }] };
    like(await lab.run({ text: "question two" }), { kind: "answer", text: "short again" });
    // Newer versions make room themselves, by a summary: then the session is the same.
    const summarized = lab.api.calls.length > 3;
    same(lab.kept().session === session, summarized);
    same(lab.api.sent().includes(FORGOTTEN), !summarized);
  },

  async "a message that is too long costs the conversation nothing"(lab) {
    await lab.run({ text: "question one" });
    const { session } = lab.kept();
    lab.fails({ status: 400, type: "invalid_request_error", message: TOO_LONG });
    like(await lab.run({ text: "long" }), { kind: "failed", reason: expectText("longer than") });
    same(lab.kept().session, session);
  },
};
