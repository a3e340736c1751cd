/** What an agent is told at its start, lest it does unasked what it would not be allowed. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { steps } from "../../../harness/acp-agent.ts";
import { AcpLab, type LabOptions } from "../../../harness/acp-agent-lab.ts";
import { onPosix } from "../../../harness/platform.ts";

const posix = onPosix("its paths have no drive").test;

const LIMIT = 60_000;
const ALLOW = "permissions=allow";

interface Shown {
  mode: string;
  meta?: unknown;
}

/** What the agent knows of its session. */
async function sessionOf(lab: AcpLab): Promise<Shown> {
  return (JSON.parse(await lab.ask(steps({ show: true }))) as { session: Shown }).session;
}

const codex = (over: LabOptions = {}) =>
  new AcpLab({ preset: "codex", env: { ACP_AGENT_MODES: "agent,read-only,full" }, ...over });

describe("the mode", () => {
  test(
    "is one in which the agent asks, also in a session that is taken up again",
    async () => {
      const lab = codex({ offers: "resume" });
      expect((await sessionOf(lab)).mode).toBe("read-only");
      await lab.backend.close?.();
      const [key, path] = [...lab.parts.memory.kept].find(([name]) => name.startsWith("session "))!;
      expect(key).toBeString();
      const file = join(lab.cwd, (JSON.parse(path) as { sessionId: string }).sessionId);
      await Bun.write(file, JSON.stringify({ ...(await Bun.file(file).json()), mode: "full" }));
      await using next = codex({ offers: "resume", after: lab });
      expect((await sessionOf(next)).mode).toBe("read-only");
      await lab[Symbol.asyncDispose]();
    },
    LIMIT,
  );

  test(
    "stays the agent's own where all is allowed",
    async () => {
      await using lab = codex({ options: [ALLOW] });
      expect((await sessionOf(lab)).mode).toBe("agent");
    },
    LIMIT,
  );

  test(
    "is the operator's where he has chosen one",
    async () => {
      await using lab = codex({ options: ["mode=full"] });
      expect((await sessionOf(lab)).mode).toBe("full");
    },
    LIMIT,
  );

  test.each(["plan", "dontAsk"])(
    "stays %s where the agent begins in that, which is as good",
    async (mode) => {
      await using lab = new AcpLab({
        preset: "claude",
        env: { ACP_AGENT_MODES: `${mode},default` },
      });
      expect((await sessionOf(lab)).mode).toBe(mode);
    },
    LIMIT,
  );

  test.each(["claude", "gemini"] as const)(
    "is not the one of %s's settings in which it does more",
    async (preset) => {
      await using lab = new AcpLab({ preset, env: { ACP_AGENT_MODES: "acceptEdits,default" } });
      expect((await sessionOf(lab)).mode).toBe("default");
    },
    LIMIT,
  );

  test.each([
    ["agent", "it offers: agent; permissions=deny needs that mode"],
    [undefined, "it offers no choice of a mode: permissions=deny needs that mode"],
  ])(
    "must be there, or nothing is done (%s)",
    async (modes, hint) => {
      await using lab = codex({ env: modes === undefined ? {} : { ACP_AGENT_MODES: modes } });
      expect(await lab.run()).toMatchObject({
        kind: "operator",
        reason: "the agent offers no mode read-only",
        hint: expect.stringContaining(hint),
      });
    },
    LIMIT,
  );
});

describe("claude", () => {
  const modes = { ACP_AGENT_MODES: "default", CLAUDE_CONFIG_DIR: "/home/of/claude" };
  const denied = ["Bash", "Read(//home/of/claude/projects/**)"];
  const meta = {
    claudeCode: { options: { disallowedTools: expect.arrayContaining(denied) } },
  };

  posix(
    "has no shell, and does not read other conversations, also when a session is taken up again",
    async () => {
      const lab = new AcpLab({ preset: "claude", env: modes, offers: "resume" });
      expect((await sessionOf(lab)).meta).toEqual(meta);
      await lab.backend.close?.();
      await using next = new AcpLab({ preset: "claude", env: modes, offers: "resume", after: lab });
      expect((await sessionOf(next)).meta).toEqual(meta);
      await lab[Symbol.asyncDispose]();
    },
    LIMIT,
  );

  test(
    "has all its tools where all is allowed",
    async () => {
      await using lab = new AcpLab({ preset: "claude", env: modes, options: [ALLOW] });
      expect((await sessionOf(lab)).meta).toBeUndefined();
    },
    LIMIT,
  );
});

test(
  "claude takes no file of a prompt and keeps no memory of its own, whatever the operator has set",
  async () => {
    const names = ["CLAUDE_CODE_DISABLE_ATTACHMENTS", "CLAUDE_CODE_DISABLE_AUTO_MEMORY"];
    const env = { ...Object.fromEntries(names.map((name) => [name, "0"])), ACP_AGENT_MODES: "x" };
    await using lab = new AcpLab({ preset: "claude", env, options: [ALLOW] });
    for (const name of names) expect(await lab.ask(steps({ env: name }))).toBe("1");
  },
  LIMIT,
);

describe("opencode", () => {
  const ASKED = steps({ env: "OPENCODE_PERMISSION" });
  const env = { OPENCODE_PERMISSION: `"allow"` };

  test(
    "is told to ask, whatever the operator's own terminal allows it",
    async () => {
      await using lab = new AcpLab({ preset: "opencode", env });
      expect(JSON.parse(await lab.ask(ASKED))).toMatchObject({
        "*": "ask",
        bash: "ask",
        edit: "ask",
        webfetch: "ask",
        external_directory: "ask",
      });
    },
    LIMIT,
  );

  test(
    "is told nothing where all is allowed",
    async () => {
      await using lab = new AcpLab({ preset: "opencode", env, options: [ALLOW] });
      expect(await lab.ask(ASKED)).toBe(`"allow"`);
    },
    LIMIT,
  );

  test(
    "goes on when it was refused something, unless the operator has words of his own",
    async () => {
      const asked = steps({ env: "OPENCODE_CONFIG_CONTENT" });
      await using lab = new AcpLab({ preset: "opencode" });
      expect(await lab.ask(asked)).toContain(`"continue_loop_on_deny":true`);
      const own = { OPENCODE_CONFIG_CONTENT: "{}" };
      await using other = new AcpLab({ preset: "opencode", env: own });
      expect(await other.ask(asked)).toBe("{}");
    },
    LIMIT,
  );
});

describe("an agent that is not known", () => {
  test(
    "may not ask at all, which is said once",
    async () => {
      await using lab = new AcpLab();
      await lab.run(steps({ die: 1 }));
      await lab.run();
      expect(lab.caveats).toHaveLength(1);
      expect(new Set(lab.pids).size).toBe(2);
    },
    LIMIT,
  );

  test(
    "needs no words where all is allowed, nor does one that is known",
    async () => {
      await using lab = new AcpLab({ options: [ALLOW] });
      await lab.ask("x");
      await using known = codex();
      await known.ask("x");
      expect([...lab.caveats, ...known.caveats, ...known.parts.notes]).toEqual([]);
    },
    LIMIT,
  );
});
