import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { networkError } from "../../../src/platform/failure.ts";

const HOST = "tenant.example.com:8443";
const AT = new URL(`https://${HOST}/workspaces/a`);
const PROXIES = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].flatMap((n) => [n, n.toLowerCase()]);

const withCode = (code: string, message = "inner words") =>
  Object.assign(new TypeError(message), { code });
const failed = (error: unknown, answered = false) =>
  networkError("state", AT, error, 10_000, answered);

let before: Record<string, string | undefined>;
beforeEach(() => {
  before = Object.fromEntries(PROXIES.map((name) => [name, process.env[name]]));
  for (const name of PROXIES) delete process.env[name];
});
afterEach(() => {
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

describe("a network's failure", () => {
  test.each<[string, unknown, string, boolean]>([
    ["refused", withCode("ECONNREFUSED"), `nothing listens at ${HOST}`, false],
    ["refused to Bun", withCode("ConnectionRefused"), `nothing listens at ${HOST}`, false],
    ["no name", withCode("ENOTFOUND"), "the host name tenant.example.com does not resolve", false],
    ["no DNS", withCode("EAI_AGAIN"), "the host name tenant.example.com does not resolve", false],
    ["no TLS", withCode("EPROTO"), `${HOST} does not speak TLS; is it http://?`, false],
    [
      "a proxy's",
      withCode("ERR_PROXY_TUNNEL", "4\n07\u009b"),
      "the proxy refused: 4 07\\u009b",
      false,
    ],
    ["cut", withCode("ECONNRESET"), "the connection was cut before the whole answer came", true],
    ["late", new DOMException("", "TimeoutError"), "no answer within 10 s", true],
    [
      "another code",
      withCode("Malformed_HTTP_Response"),
      `Malformed_HTTP_Response at ${HOST}`,
      true,
    ],
    ["no code", new Error("inner words"), `failed at ${HOST}`, true],
    ["no error", "a text", `failed at ${HOST}`, true],
    ["nothing", undefined, `failed at ${HOST}`, true],
  ])(
    "(%s) is told as such, and whether the request may have arrived",
    (_, error, words, arrived) => {
      expect(failed(error)).toMatchObject({
        message: `state: ${words}`,
        verdict: "transient",
        exitCode: 4,
        failure: { unknownOutcome: arrived },
      });
    },
  );

  test.each([
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "SELF_SIGNED_CERT_IN_CHAIN",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  ])("of trust (%s) says how to add an authority, and never arrived", (code) => {
    const error = failed(withCode(code));
    expect(error.message).toContain(`the certificate of ${HOST} is not trusted (${code})`);
    expect(error.message).toContain("NODE_EXTRA_CA_CERTS");
    expect(error.failure.unknownOutcome).toBe(false);
  });

  test("is found within another error, as ofetch wraps it", () => {
    const wrapped = new Error("outer", { cause: withCode("ECONNREFUSED") });
    expect(failed(wrapped).message).toContain("nothing listens");
  });

  test("asks for a smaller answer only where one had begun to come, and was cut", () => {
    expect(failed(withCode("ECONNRESET"), true).failure.unreadable).toBe(true);
    expect(failed(withCode("ECONNRESET"), false).failure.unreadable).toBe(false);
    expect(failed(withCode("ECONNREFUSED"), true).failure.unreadable).toBe(false);
  });

  test("that never arrived tells to check the address", () => {
    expect(failed(withCode("ECONNREFUSED")).hint).toContain("--api-url");
    expect(failed(withCode("ECONNRESET")).hint).toBeUndefined();
  });
});

test.each(["ECONNREFUSED", "ENOTFOUND", "ECONNRESET", "Other"])(
  "a proxy of the environment is spoken of where it may be the reason, but not named: %s",
  (code) => {
    const note = "(a proxy is set in the environment)";
    expect(failed(withCode(code)).message).not.toContain(note);
    process.env["HTTPS_PROXY"] = "http://name:hunter2hunter2@proxy.example.com:3128";
    const { message } = failed(withCode(code));
    expect(message).toEndWith(` ${note}`);
    expect(message).not.toContain("hunter2");
  },
);
