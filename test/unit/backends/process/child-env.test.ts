import { expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { childEnv, META_VALUE_MAX_BYTES } from "../../../../src/backends/process/child-env.ts";
import { Secrets } from "../../../../src/shared/secrets.ts";
import { anyText, request, TRACEPARENT } from "../support.ts";

setDefaultTimeout(60_000);

const secrets = new Secrets();
secrets.add("canary-0123456789");

test("what the operator set is passed on", () => {
  const env = { PATH: "/bin", HOME: "/home/me", MOLECULE_API_URL: "http://x", EMPTY: "" };
  expect(childEnv({ env: { ...env, UNSET: undefined }, secrets })).toEqual(env);
});

test.each([
  "BUN_OPTIONS",
  "NOTIFY_SOCKET",
  "WATCHDOG_USEC",
  "WATCHDOG_PID",
  "BUN_BE_BUN",
  "Bun_Be_Bun",
  "MOLECULE_WORKSPACE_TOKEN",
  "MOLECULE_WORKSPACE_TOKEN_FILE",
  "MOLECULE_WORKSPACE_TOKENS",
  "MOLECULE_API_TOKEN",
  "MOLECULE_API_TOKEN_FILE",
  "MOL_TOKEN_FILE",
  "MOL_API_TOKEN_FILE",
  "MOLECULE_STORE",
  "Molecule_Workspace_Token",
])("%s is withheld", (name) => {
  expect(childEnv({ env: { [name]: "x" }, secrets })).toEqual({});
});

test("a variable that holds a secret is withheld, whatever its name and coding", () => {
  const env = {
    PLAIN: "canary-0123456789",
    HEADER: "Authorization: Bearer canary-0123456789",
    BASE64: Buffer.from("canary-0123456789").toString("base64"),
    OTHER: "fine",
  };
  expect(childEnv({ env, secrets })).toEqual({ OTHER: "fine" });
});

test("the message is described, and what it lacks is empty", () => {
  const env = { MOLECULE_TASK_ID: "inherited", molecule_task_id: "inherited", A: "1" };
  const described = request({ attempt: 3, interrupted: true, isReply: true });
  expect(childEnv({ env, secrets }, described)).toEqual({
    A: "1",
    MOLECULE_RUN_ID: "act-1",
    TRACEPARENT,
    MOLECULE_WORKSPACE_ID: "ws-1",
    MOLECULE_SENDER: "peer",
    MOLECULE_CALLER_ID: "peer-1",
    MOLECULE_MESSAGE_ID: "msg-1",
    MOLECULE_TASK_ID: "",
    MOLECULE_METHOD: "message/send",
    MOLECULE_CONTEXT_ID: "ctx-1",
    MOLECULE_ATTEMPT: "3",
    MOLECULE_INTERRUPTED: "true",
    MOLECULE_ACTIVITY_ID: "act-1",
    MOLECULE_IS_REPLY: "true",
  });
});

test("the canvas user has an empty caller, and a message without id goes by its activity", () => {
  const env = childEnv({ env: {}, secrets }, request({ peerId: undefined, messageId: undefined }));
  expect([env.MOLECULE_CALLER_ID, env.MOLECULE_MESSAGE_ID]).toEqual(["", "act-1"]);
});

test("a sender whom nobody names is told from the canvas user", () => {
  const senders = (["canvas", "unknown"] as const).map((sender) => {
    const env = childEnv({ env: {}, secrets }, request({ sender, peerId: undefined }));
    return [env.MOLECULE_SENDER, env.MOLECULE_CALLER_ID];
  });
  expect(senders).toEqual([
    ["canvas", ""],
    ["unknown", ""],
  ]);
});

test("a caller of control characters alone does not become the canvas user", () => {
  expect(childEnv({ env: {}, secrets }, request({ peerId: "\0" })).MOLECULE_CALLER_ID).not.toBe("");
});

test("without a message none of its variables are there, not even inherited ones", () => {
  const names = Object.keys(childEnv({ env: {}, secrets }, request()));
  expect(names).toHaveLength(13);
  const env = Object.fromEntries(names.map((name) => [name, "stale"]));
  expect(childEnv({ env, secrets })).toEqual({});
});

test("a run that is not described still has its id and its trace, and never inherited ones", () => {
  const env = {
    MOLECULE_RUN_ID: "of another run",
    MOLECULE_CALLER_ID: "inherited",
    TRACEPARENT: "00-11111111111111111111111111111111-2222222222222222-01",
  };
  const own = { MOLECULE_RUN_ID: "act-1", TRACEPARENT };
  expect(childEnv({ env, secrets }, request(), false)).toEqual(own);
});

test.each(["TRACEPARENT", "TRACESTATE", "BAGGAGE", "traceparent"])(
  "%s of the one who started us is nobody's parent",
  (name) => {
    expect(childEnv({ env: { [name]: "x" }, secrets })).toEqual({});
    expect(Object.values(childEnv({ env: { [name]: "x" }, secrets }, request()))).not.toContain(
      "x",
    );
  },
);

test("values from strangers are short, without control characters, and fit to start a child", () => {
  const hostile = fc.oneof(
    anyText(1500),
    fc.constantFrom("\0", "a\nB=1", "\ud800", "€".repeat(1000), `${"a".repeat(1023)}\u{1f642}`),
  );
  fc.assert(
    fc.property(hostile, (value) => {
      const found = childEnv(
        { env: {}, secrets },
        request({ contextId: value }),
      ).MOLECULE_CONTEXT_ID;
      expect(found).not.toMatch(/\p{Cc}/u);
      expect(found?.isWellFormed()).toBe(true);
      expect(Buffer.byteLength(found ?? "")).toBeLessThanOrEqual(META_VALUE_MAX_BYTES);
    }),
  );
});
