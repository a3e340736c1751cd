import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { kindOf, lostSession, outcomeOfError } from "../../../../src/backends/acp/errors.ts";
import { anyText } from "../support.ts";

const error = (code: number, data?: unknown, message = "words") => ({ code, message, data });
const context = {
  mask: (text: string) => text.replaceAll("hunter2", "[secret]"),
  loginNames: ["By\u001b[1m key", "hunter2"],
  doing: "answer",
  stage: "asked" as const,
};

describe("the kind of an error", () => {
  const KINDS = [
    ["login", error(-32000)],
    ["login", error(-32000, { status: 429 })],
    ["login", error(-32603, { errorKind: "authentication_failed" })],
    ["login", error(-32603, { statusCode: 401 })],
    ["credit", error(-32603, { codexErrorInfo: "usageLimitExceeded", message: "m" })],
    ["credit", error(-32603, { errorKind: "billing_error" })],
    ["credit", error(-32603, { status: 402 })],
    ["overloaded", error(429, undefined, "Rate limit exceeded")],
    ["overloaded", error(503)],
    ["overloaded", error(-32603, { errorKind: "rate_limit" })],
    ["overloaded", error(-32603, { errorKind: "overloaded" })],
    [
      "overloaded",
      error(-32603, { codexErrorInfo: { responseStreamDisconnected: { httpStatusCode: 529 } } }),
    ],
    ["overloaded", error(-32603, { cause: { response: { status: 500 } } })],
    ["missing", error(-32002, { status: 500 })],
    ["other", error(-32603)],
    ["other", error(-32603, { errorKind: "invalid_request" })],
    ["other", error(-32603, { status: 400, retries: 429 })],
    // Prose is not judged by.
    ["other", error(-32603, "429 Too Many Requests", "429 overloaded, please log in")],
    ["other", error(-32603, { details: "HTTP 503" })],
    ["other", error(-32603, { a: { b: { c: { d: { status: 429 } } } } })],
  ] as const;

  test.each(KINDS.map(([kind, one]) => [kind, JSON.stringify([one.code, one.data]), one] as const))(
    "is %s for %s",
    (kind, _, one) => {
      expect(kindOf(one)).toBe(kind);
    },
  );

  test("is found in anything, whatever its shape, and soon", () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.anything({ maxDepth: 6, withNullPrototype: true }),
        (code, data) => {
          kindOf({ code, data, message: "" });
        },
      ),
    );
    const wide = Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`k${n}`, {}]));
    expect(kindOf(error(1, { ...wide, status: 429 }))).toBe("other");
  });
});

describe("a session is lost", () => {
  const lost = (code: number, message: string, data?: unknown) =>
    lostSession(error(code, data, message), "session-7");

  test("where the error names it, or nothing at all", () => {
    expect(lost(-32002, "Resource not found: session-7", { uri: "session-7" })).toBe(true);
    expect(lost(-32002, "Resource not found: session-7")).toBe(true);
    expect(lost(-32002, "Session not found")).toBe(true);
    expect(lost(-32002, "Resource not found", { uri: "agent://sessions/session-7" })).toBe(true);
  });

  test("not where it names something else, or has another code", () => {
    expect(lost(-32002, "Resource not found: file:///in/x.txt")).toBe(false);
    expect(lost(-32002, "Resource not found", { uri: "file:///in/x.txt" })).toBe(false);
    expect(lost(-32002, `no such file "x.txt"`)).toBe(false);
    expect(lost(-32603, "Session not found: session-7")).toBe(false);
  });
});

describe("its outcome", () => {
  test("names the ways to log in, on one line and without secrets", () => {
    const outcome = outcomeOfError(error(-32000), context);
    expect(outcome).toMatchObject({
      kind: "operator",
      reason: "the agent is not logged in (code -32000): words",
    });
    expect((outcome as { hint: string }).hint).toContain("it offers: By\\u001b[1m key, [secret]");
  });

  test("is to try again only where nothing was done", () => {
    const kinds = (code: number) =>
      (["before", "asked", "acting"] as const).map(
        (stage) => outcomeOfError(error(code), { ...context, stage }).kind,
      );
    expect(kinds(-32603)).toEqual(["again", "failed", "failed"]);
    expect(kinds(429)).toEqual(["again", "again", "failed"]);
    expect(kinds(-32000)).toEqual(["operator", "operator", "failed"]);
  });

  test("shows the agent's words to the operator alone, masked and on one line", () => {
    fc.assert(
      fc.property(fc.integer(), anyText(400), (code, text) => {
        const outcome = outcomeOfError(error(code, undefined, `${text}hunter2\n`), context);
        const { told, reason } = outcome as { told: string; reason: string };
        expect(told).toMatch(/^[\w ;']+$/);
        expect(reason).not.toContain("hunter2");
        expect(reason).not.toMatch(/\p{Cc}/u);
        expect(reason.length).toBeLessThan(500);
      }),
    );
  });
});
