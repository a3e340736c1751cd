/** What the workspaces of a process are called, and what is told of them. */
import { describe, expect, test } from "bun:test";
import { createLog } from "../../../../src/cli/log.ts";
import { tellLifecycle } from "../../../../src/commands/connect/lifecycle-lines.ts";
import { memberLog } from "../../../../src/commands/connect/member-log.ts";
import { namesOf } from "../../../../src/commands/connect/names.ts";
import type { Chosen } from "../../../../src/commands/connect/workspaces.ts";
import { ExitCode, MoleculeError } from "../../../../src/shared/errors.ts";
import { Secrets } from "../../../../src/shared/secrets.ts";

const A = "0f8fad5b-d9cb-469f-a165-70867728950e";
const B = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
const A2 = "0f8fad5b-0000-4000-8000-000000000001";

const called = (id: string, agentName?: string) =>
  ({ id, flags: { agentName } }) as unknown as Pick<Chosen, "id" | "flags">;

describe("a workspace is called", () => {
  test("nothing where it is alone", () => {
    expect([...namesOf([called(A, "Ada")])]).toEqual([]);
  });

  test("by its agent's name, or else by the beginning of its id", () => {
    expect(namesOf([called(A, "Ada"), called(B)])).toEqual(
      new Map([
        [A, "Ada"],
        [B, "7c9e6679"],
      ]),
    );
  });

  test("by what no other one is called", () => {
    expect(namesOf([called(A, "Ada"), called(B, "Ada")]).get(A)).toBe("0f8fad5b");
    expect(namesOf([called(A), called(A2)]).get(A)).toBe(A);
  });

  test("in one short line", () => {
    const name = namesOf([called(A, `x\n${"y".repeat(100)}`), called(B)]).get(A) ?? "";
    expect(name).toStartWith("x y");
    expect(name.length).toBeLessThanOrEqual(40);
  });
});

/** The lines of a log in either form. */
function logged(format: "text" | "json", name: string | undefined) {
  const lines: string[] = [];
  const now = () => Date.UTC(2026, 0, 1);
  const write = (line: string) => void lines.push(line);
  const log = createLog({
    format,
    verbose: true,
    color: false,
    secrets: new Secrets(),
    now,
    write,
  });
  return { log: memberLog(log, { workspaceId: A, name }), lines };
}

describe("each line says of which workspace it is", () => {
  test("in front of the text, where there are several", () => {
    const { log, lines } = logged("text", "Ada");
    log.info("connected");
    log.warn("slow");
    expect(lines.map((line) => line.slice(10))).toEqual(["Ada: connected", "warn: Ada: slow"]);
    const alone = logged("text", undefined);
    alone.log.info("connected");
    expect(alone.lines[0]?.slice(10)).toBe("connected");
  });

  test("in a field of JSON, also where there is but one", () => {
    for (const name of [undefined, "Ada"]) {
      const { log, lines } = logged("json", name);
      for (const level of ["error", "warn", "info", "debug"] as const) log[level]("x", { n: 1 });
      log.info("y");
      expect(lines.map((line) => JSON.parse(line).workspace_id)).toEqual(Array(5).fill(A));
      expect(JSON.parse(lines[0] ?? "")).toMatchObject({ n: 1 });
    }
  });
});

describe("what becomes of one is told", () => {
  const error = new MoleculeError("the platform refused the token", {
    exitCode: ExitCode.refused,
    hint: "Make a new one.",
  });

  test("with when it is tried again", () => {
    const { log, lines } = logged("json", "Ada");
    const change = { error, exitCode: ExitCode.failed, retryAt: 0, inMs: 2_400.4 };
    tellLifecycle(log, { state: "failed", ...change });
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      level: "error",
      event: "failed",
      msg: "Ada: the platform refused the token; started again in 2.4 s. Make a new one.",
      reason: "the platform refused the token",
      hint: "Make a new one.",
      in_ms: 2400,
      workspace_id: A,
    });
  });

  test("once, where it ended for good", () => {
    const { log, lines } = logged("text", "Ada");
    tellLifecycle(log, { state: "ended", error, exitCode: ExitCode.refused });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(
      "error: Ada: the platform refused the token; this workspace is not answered any more. Make",
    );
  });

  test("and all that its bridge tells, is not", () => {
    const { log, lines } = logged("text", "Ada");
    tellLifecycle(log, { state: "starting" });
    tellLifecycle(log, { state: "connected" });
    tellLifecycle(log, { state: "ended", error: undefined, exitCode: ExitCode.ok });
    expect(lines).toEqual([]);
  });
});
