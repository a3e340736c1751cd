import { describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { createAcp } from "../../../../src/backends/acp/create.ts";
import { acp } from "../../../../src/backends/acp/declaration.ts";
import { parseOptions } from "../../../../src/backends/options.ts";
import { steps } from "../../../harness/acp-agent.ts";
import { AcpLab } from "../../../harness/acp-agent-lab.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { TestParts, TRACEPARENT } from "../support.ts";
import { onLinks } from "../../../harness/links.ts";

const linked = onLinks().test;

const LIMIT = 60_000;
const PNG = Buffer.from("89504e470d0a1a0a", "hex");

describe("the answer", () => {
  test(
    "is what the agent says, and all messages share one process",
    async () => {
      await using lab = new AcpLab();
      await lab.backend.check();
      expect(await lab.ask("hello")).toBe("echo: hello");
      expect(await lab.ask("again")).toBe("echo: again");
      expect(new Set(lab.pids).size).toBe(1);
      expect(lab.pids).toHaveLength(2);
    },
    LIMIT,
  );

  test(
    "is what it says after its last tool; what it says before is told on the way, thoughts never",
    async () => {
      await using lab = new AcpLab();
      const text = steps(
        { think: "hm" },
        { say: "I look " },
        { say: "into it" },
        { tool: "1", title: "Read a file" },
        { say: "still at it" },
        { tool: "2", title: "Read another" },
        { say: "It is " },
        { progress: "2" },
        { say: "done." },
      );
      expect(await lab.ask(text)).toBe("It is done.");
      expect(lab.texts).toEqual(["I look into it", "still at it"]);
      expect(lab.tasks).toEqual(["Read a file", "Read another"]);
    },
    LIMIT,
  );

  test(
    "is asked for with the trace of the run, and not of the one who started us",
    async () => {
      const env = { TRACEPARENT: "00-11111111111111111111111111111111-2222222222222222-01" };
      await using lab = new AcpLab({ env });
      const shown = JSON.parse(await lab.ask(steps({ show: true }))) as { meta: unknown };
      expect(shown.meta).toEqual({ traceparent: TRACEPARENT });
      expect(await lab.ask(steps({ env: "TRACEPARENT" }))).not.toContain("2222");
    },
    LIMIT,
  );

  test(
    "is all that it said where it says nothing after its last tool",
    async () => {
      await using lab = new AcpLab();
      const text = steps(
        { say: "first" },
        { tool: "1", title: "x" },
        { say: "second" },
        { tool: "2", title: "y" },
      );
      expect(await lab.ask(text)).toBe("first\n\nsecond");
    },
    LIMIT,
  );

  test(
    "keeps messages of the agent apart",
    async () => {
      await using lab = new AcpLab();
      const text = steps(
        { say: "a", message: "m1" },
        { say: "b", message: "m1" },
        { say: "c", message: "m2" },
      );
      expect(await lab.ask(text)).toBe("ab\n\nc");
    },
    LIMIT,
  );

  test(
    "holds no secret, nor does what is said on the way, or the name of a task",
    async () => {
      await using lab = new AcpLab();
      lab.parts.secrets.add("hunter2-hunter2");
      const text = steps(
        { say: "it is hunter2-hunter2" },
        { tool: "1", title: "cat hunter2-hunter2" },
        { say: "hunter2-" },
        { say: "hunter2" },
      );
      expect(await lab.ask(text)).toBe("[secret]");
      expect(lab.texts).toEqual(["it is [secret]"]);
      expect(lab.tasks).toEqual(["cat [secret]"]);
    },
    LIMIT,
  );

  test(
    "says that it was cut where the agent ran out of tokens",
    async () => {
      await using lab = new AcpLab();
      expect(await lab.ask(steps({ say: "half" }, { stop: "max_tokens" }))).toBe(
        "half\n\n[cut: the agent reached its limit of tokens]",
      );
    },
    LIMIT,
  );

  test(
    "carries what the message cost, where the agent tells what the session did",
    async () => {
      await using lab = new AcpLab();
      expect(await lab.run(steps({ cost: 0.25 }, { say: "x" }))).toMatchObject({ costUsd: 0.25 });
      expect(await lab.run(steps({ cost: 0.75 }, { say: "x" }))).toMatchObject({ costUsd: 0.5 });
      expect(await lab.run(steps({ say: "x" }))).not.toHaveProperty("costUsd");
      expect(await lab.run(steps({ cost: 1.75 }, { stop: "refusal" }))).toMatchObject({
        costUsd: 1,
      });
    },
    LIMIT,
  );

  test.each([
    ["refusal", "refused"],
    ["max_turn_requests", "limit of steps"],
    ["cancelled", "nobody had told it"],
  ])(
    "there is none when the agent stops for %s, in words of our own",
    async (stop, words) => {
      await using lab = new AcpLab();
      const outcome = await lab.run(steps({ say: "SECRET PROSE" }, { stop }));
      expect(outcome).toMatchObject({ kind: "failed", reason: expect.stringContaining(words) });
      expect(JSON.stringify(outcome)).not.toContain("PROSE");
    },
    LIMIT,
  );

  test(
    "an empty one is a failure",
    async () => {
      await using lab = new AcpLab();
      expect(await lab.run(steps({ say: " \n" }))).toMatchObject({
        kind: "failed",
        told: "the agent gave no answer",
      });
    },
    LIMIT,
  );
});

describe("the prompt", () => {
  test(
    "is the framed message with its data, small images whole and other files by their path",
    async () => {
      await using lab = new AcpLab({ offers: "image" });
      const image = join(lab.cwd, "a b.png");
      const other = join(lab.cwd, "notes.txt");
      writeFileSync(image, PNG);
      writeFileSync(other, "notes");
      const file = (path: string | undefined, name: string, mimeType?: string) => ({
        path,
        name,
        mimeType,
        uri: "platform:x",
        size: undefined,
      });
      const files = [
        file(image, "a b.png", "image/png"),
        file(other, "notes.txt", "text/plain"),
        file(undefined, "not fetched"),
      ];
      const text = steps({ show: true });
      const parts = [
        { kind: "text" as const, text },
        { kind: "data" as const, data: { answer: 42 }, mimeType: undefined },
        ...files.map((one) => ({ kind: "file" as const, file: one })),
      ];
      const shown = JSON.parse(await lab.ask({ text, parts })) as { prompt: object[] };
      expect(shown.prompt).toEqual([
        {
          type: "text",
          text: expect.stringMatching(
            /^\[A message from another agent.*\]\n\nSTEPS.*\n\n\[data\] \{"answer":42\}\n\[file\] a b\.png/s,
          ),
        },
        { type: "image", mimeType: "image/png", data: PNG.toString("base64") },
        {
          type: "resource_link",
          uri: pathToFileURL(other).href,
          name: "notes.txt",
          mimeType: "text/plain",
        },
      ]);
    },
    LIMIT,
  );

  test(
    "names an image that the agent does not take, that is too large, or that can't be read",
    async () => {
      await using lab = new AcpLab({ offers: "image" });
      await using blind = new AcpLab({ after: lab });
      const [small, large, gone] = ["s.png", "l.png", "g.png"].map((name) =>
        join(lab.cwd, name),
      ) as [string, string, string];
      writeFileSync(small, PNG);
      writeFileSync(large, Buffer.alloc(5 * 1024 * 1024 + 1));
      const files = [small, large, gone].map((path) => ({
        path,
        name: undefined,
        mimeType: "image/png",
        uri: undefined,
        size: undefined,
      }));
      const text = steps({ show: true });
      const types = async (one: AcpLab) => {
        const { prompt } = JSON.parse(await one.ask({ text, files })) as {
          prompt: { type: string }[];
        };
        return prompt.map(({ type }) => type);
      };
      expect(await types(lab)).toEqual(["text", "image", "resource_link", "resource_link"]);
      expect(await types(blind)).toEqual([
        "text",
        "resource_link",
        "resource_link",
        "resource_link",
      ]);
    },
    LIMIT,
  );
});

describe("files of the answer", () => {
  const image = { type: "image", mimeType: "image/png", data: PNG.toString("base64") };

  test(
    "are written into the answer folder, or taken where they lie",
    async () => {
      await using lab = new AcpLab();
      const answerFolder = join(lab.cwd, "answers");
      mkdirSync(answerFolder);
      const report = join(lab.cwd, "report.txt");
      writeFileSync(report, "report");
      const uri = pathToFileURL(report).href;
      const text = steps(
        { say: "here" },
        { content: image },
        { content: image },
        { content: { type: "resource_link", name: "the report", uri } },
      );
      const outcome = await lab.run({ text, answerFolder });
      expect(outcome).toMatchObject({
        kind: "answer",
        text: "here",
        files: [
          { path: join(answerFolder, "image.png"), mimeType: "image/png" },
          { path: join(answerFolder, "image-2.png") },
          { path: report, name: "the report" },
        ],
      });
      expect(await Bun.file(join(answerFolder, "image.png")).bytes()).toEqual(new Uint8Array(PNG));
    },
    LIMIT,
  );

  test(
    "are an answer without text",
    async () => {
      await using lab = new AcpLab();
      const answerFolder = join(lab.cwd, "answers");
      mkdirSync(answerFolder);
      expect(await lab.run({ text: steps({ content: image }), answerFolder })).toMatchObject({
        kind: "answer",
        text: "",
        files: [{ mimeType: "image/png" }],
      });
    },
    LIMIT,
  );

  linked(
    "never leave the agent's folder by a link or an address, and this is noted",
    async () => {
      await using lab = new AcpLab();
      using elsewhere = tmpFolder();
      const answerFolder = join(lab.cwd, "answers");
      mkdirSync(answerFolder);
      const secret = join(elsewhere.path, "id_rsa");
      writeFileSync(secret, "secret");
      symlinkSync(secret, join(lab.cwd, "innocent.txt"));
      const link = (uri: string) => ({ content: { type: "resource_link", name: "x", uri } });
      const text = steps(
        { say: "here" },
        link(pathToFileURL(secret).href),
        link(pathToFileURL(join(lab.cwd, "innocent.txt")).href),
        link("https://example.com/x"),
        link("file://otherhost/etc/passwd"),
        { content: { ...image, uri: "file:///../../../up/../../evil.png" } },
      );
      const outcome = await lab.run({ text, answerFolder });
      expect(outcome).toMatchObject({
        kind: "answer",
        files: [{ path: join(answerFolder, "evil.png") }],
      });
      const notes = lab.parts.notes.join("\n");
      expect(notes).toContain("no file on this machine");
      expect(notes).toContain("2 files");
    },
    LIMIT,
  );

  test(
    "are left out, which is said, where none can go with the answer",
    async () => {
      await using lab = new AcpLab();
      expect(await lab.ask(steps({ say: "here" }, { content: image }))).toBe("here");
      expect(lab.parts.notes).toEqual([
        "left out of the answer: a file, which can only go to the canvas",
      ]);
      expect(await lab.ask(steps({ content: image }))).toContain("answered with a file");
    },
    LIMIT,
  );
});

describe("permissions", () => {
  test(
    "are refused for this once, which is noted once for each thing and message",
    async () => {
      await using lab = new AcpLab();
      const text = steps({ ask: "rm -rf /" }, { ask: "rm -rf /" }, { ask: "curl\n\u001b[31m" });
      const refused = JSON.stringify({ outcome: "selected", optionId: "option reject_once" });
      expect(await lab.ask(text)).toBe(refused);
      expect(lab.parts.notes).toHaveLength(2);
      expect(lab.parts.notes[0]).toContain("refused: rm -rf / (--backend-opt permissions=allow");
      expect(lab.parts.notes[1]).toContain("refused: curl \\u001b[31m");
      await lab.ask(text);
      expect(lab.parts.notes).toHaveLength(4);
    },
    LIMIT,
  );

  test(
    "are told with the command, where their title is one for all",
    async () => {
      await using lab = new AcpLab();
      await lab.ask(steps({ ask: "Run command?", input: { command: ["rm", "-rf", "x"] } }));
      await lab.ask(steps({ ask: "Run rm", input: { command: "rm" } }));
      expect(lab.parts.notes[0]).toContain("refused: Run command? rm -rf x (");
      expect(lab.parts.notes[1]).toContain("refused: Run rm (");
    },
    LIMIT,
  );

  test(
    "are granted for this once where the operator said so",
    async () => {
      await using lab = new AcpLab({ options: ["permissions=allow"] });
      expect(await lab.ask(steps({ ask: "rm" }))).toContain("option allow_once");
      expect(lab.parts.notes).toEqual([]);
      expect(await lab.ask(steps({ ask: "rm", kinds: ["allow_always", "reject_once"] }))).toContain(
        "option allow_always",
      );
      expect(await lab.ask(steps({ ask: "rm", kinds: ["reject_once"] }))).toContain("cancelled");
      expect(lab.parts.notes[0]).toContain("offered no way to allow it");
    },
    LIMIT,
  );

  test(
    "are never granted by the lack of a way to refuse",
    async () => {
      await using lab = new AcpLab();
      expect(await lab.ask(steps({ ask: "rm", kinds: ["allow_once", "allow_always"] }))).toContain(
        "cancelled",
      );
      expect(await lab.ask(steps({ ask: "rm", kinds: ["allow_once", "reject_always"] }))).toContain(
        "option reject_always",
      );
    },
    LIMIT,
  );

  test(
    "to read files and to run programs by us are unknown to us",
    async () => {
      await using lab = new AcpLab({ options: ["permissions=allow"] });
      expect(await lab.ask(steps({ call: "fs/read_text_file" }))).toBe("error -32601");
      expect(await lab.ask(steps({ call: "terminal/create" }))).toBe("error -32601");
    },
    LIMIT,
  );
});

describe("what the operator chose", () => {
  test(
    "is set in each session that is opened",
    async () => {
      await using lab = new AcpLab({ offers: "modes", options: ["mode=plan", "model=large"] });
      expect(JSON.parse(await lab.ask(steps({ show: true })))).toMatchObject({
        session: { mode: "plan", model: "large" },
      });
    },
    LIMIT,
  );

  test(
    "and is not offered is the operator's to mend, who learns what there is",
    async () => {
      await using lab = new AcpLab({ offers: "modes", options: ["model=huge"] });
      for (let n = 0; n < 2; n++) {
        expect(await lab.run()).toMatchObject({
          kind: "operator",
          reason: "the agent offers no model huge",
          hint: "it offers: small, large",
        });
      }
    },
    LIMIT,
  );

  test(
    "is found in the older form of models, too",
    async () => {
      await using lab = new AcpLab({ offers: "old-models", options: ["model=Large"] });
      expect(JSON.parse(await lab.ask(steps({ show: true })))).toMatchObject({
        session: { model: "large" },
      });
    },
    LIMIT,
  );

  test(
    "and for which there is no choice at all is the operator's to mend",
    async () => {
      await using lab = new AcpLab({ options: ["mode=plan"] });
      expect(await lab.run()).toMatchObject({
        kind: "operator",
        hint: "it offers no choice of a mode: leave out --backend-opt mode=…",
      });
    },
    LIMIT,
  );
});

describe("options", () => {
  const create = (...given: string[]) => createAcp(parseOptions(acp, given), new TestParts());

  test("name exactly one of command and preset", () => {
    expect(() => create()).toThrow("exactly one of its options command and preset");
    expect(() => create("command=x", "preset=codex")).toThrow("exactly one");
    expect(() => create("command='x")).toThrow("a quote is not closed");
    expect(() => create("command= ")).toThrow("it names no program");
    expect(() => create("preset=cursor")).toThrow("must be claude or codex or gemini or opencode");
  });

  test(
    "a program that is missing is told with how to install it, before anything is run",
    async () => {
      const parts = new TestParts({ PATH: "/nowhere" });
      const backend = createAcp(parseOptions(acp, ["preset=claude"]), parts);
      const check = backend.check();
      expect(check).rejects.toMatchObject({
        message: "the program claude-agent-acp was not found on the PATH, or is not executable",
        hint: expect.stringContaining("npm install -g @agentclientprotocol/claude-agent-acp"),
      });
      await using lab = new AcpLab({ command: "/nowhere/agent --acp" });
      expect(await lab.run()).toMatchObject({ kind: "operator" });
    },
    LIMIT,
  );

  test("a folder that is missing is told before anything is run", async () => {
    const missing = resolve("/nowhere/at/all");
    const backend = create("command=sh", `cwd=${missing}`);
    await expect(backend.check()).rejects.toThrow(
      `the folder ${missing}, in which the acp backend`,
    );
  });

  test(
    "the agent gets no token, and what marks its processes",
    async () => {
      await using lab = new AcpLab({ env: { MOLECULE_WORKSPACE_TOKEN: "t0ken-t0ken" } });
      const text = steps(
        { env: "MOLECULE_WORKSPACE_TOKEN" },
        { say: " " },
        { env: "MOLECULE_RUN_ID" },
      );
      expect(await lab.ask(text)).toMatch(/^\(unset\) [0-9a-f-]{36}$/);
    },
    LIMIT,
  );
});
