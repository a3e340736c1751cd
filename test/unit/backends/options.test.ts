import { expect, test } from "bun:test";
import type { BackendType } from "../../../src/backends/backend.ts";
import { optionLabel, parseBytes, parseOptions } from "../../../src/backends/options.ts";
import { BACKENDS } from "../../../src/backends/registry.ts";
import { UsageError } from "../../../src/shared/errors.ts";

const type: BackendType = {
  name: "sample",
  summary: "",
  options: {
    cmd: { type: "string", summary: "what to run", required: true },
    folder: { type: "string", summary: "" },
    timeout: { type: "duration", summary: "", default: "60s" },
    meta: { type: "boolean", summary: "", default: "true" },
    limit: { type: "bytes", summary: "", default: "1m" },
    format: { type: "enum", summary: "", values: ["text", "json"], default: "text" },
    extra: { type: "string", summary: "", default: "" },
    turns: { type: "integer", summary: "", default: "20", min: 0, max: 1000 },
    budget: { type: "number", summary: "", min: 0.01 },
    key: { type: "secret", summary: "" },
    header: { type: "text", summary: "", named: true },
  },
  create: () => {
    throw new Error("not used");
  },
};

function error(...given: string[]): UsageError {
  try {
    parseOptions(type, given);
  } catch (thrown) {
    if (thrown instanceof UsageError) return thrown;
    throw thrown;
  }
  throw new Error("parsed");
}

test("defaults are filled in and parsed", () => {
  expect(parseOptions(type, ["cmd=x"])).toEqual({
    cmd: "x",
    folder: undefined,
    timeout: 60_000,
    meta: true,
    limit: 1_048_576,
    format: "text",
    extra: "",
    turns: 20,
    budget: undefined,
    key: undefined,
  });
});

test.each<[string, string, unknown]>([
  ["cmd=a=b --c=d", "cmd", "a=b --c=d"],
  ["folder= x ", "folder", " x "],
  ["timeout=1m30s", "timeout", 90_000],
  ["timeout=250ms", "timeout", 250],
  ["meta=false", "meta", false],
  ["meta=0", "meta", false],
  ["meta=1", "meta", true],
  ["limit=4096", "limit", 4096],
  ["limit=64k", "limit", 65_536],
  ["limit=2M", "limit", 2_097_152],
  ["format=json", "format", "json"],
  ["turns=0", "turns", 0],
  ["budget=2.50", "budget", 2.5],
  ["key=env:MY_KEY", "key", "env:MY_KEY"],
  ["header.Authorization=env:TOKEN", "header.Authorization", "env:TOKEN"],
  ["header.X-a.b=1=2", "header.X-a.b", "1=2"],
])("%s", (given, key, value) => {
  const all = given.startsWith("cmd=") ? [given] : ["cmd=x", given];
  expect(parseOptions(type, all)[key]).toEqual(value as never);
});

test.each<[string, RegExp]>([
  ["timeot=5s", /sample backend has no option "timeot"; did you mean timeout\?/],
  ["zzz=1", /sample backend has no option "zzz"$/],
  ["__proto__=1", /has no option "__proto__"/],
  ["constructor=1", /has no option "constructor"/],
  ["timeout", /"timeout" is no option of the sample backend: it must be KEY=VALUE/],
  ["=5s", /"=5s" is no option of the sample backend: it must be KEY=VALUE/],
  ["", /it must be KEY=VALUE/],
  ["timeout=soon", /timeout of the sample backend can't be "soon": it must be a time.*90s/],
  ["timeout=60", /timeout .* can't be "60": it must be a time/],
  ["timeout=0s", /timeout .* can't be "0s": it must be a time above zero/],
  ["meta=yes", /meta .* can't be "yes": it must be true or false/],
  ["limit=1g", /limit .* can't be "1g": it must be a number of bytes.*64k/],
  ["limit=-1", /limit .* can't be "-1"/],
  ["limit=0", /limit .* can't be "0": .* above zero/],
  ["limit=999999999999999m", /limit .* can't be/],
  ["format=yaml", /format of the sample backend can't be "yaml": it must be text or json/],
  ["turns=1.5", /turns .* can't be "1.5": it must be a whole number from 0 to 1000/],
  ["turns=1001", /turns .* can't be "1001"/],
  ["turns=-1", /turns .* can't be "-1"/],
  ["budget=0", /budget .* can't be "0": it must be a number of at least 0.01/],
  ["budget=1e3", /budget .* can't be "1e3"/],
  ["budget=Infinity", /budget .* can't be/],
  ["key=sk-0123456789", /key .* it must be env:NAME, the variable that holds it/],
  ["key=env:", /key .* it must be env:NAME/],
  ["header=x", /has no option "header"/],
  ["header.=x", /has no option "header."/],
  ["header.a b=x", /has no option "header.a b"/],
  ["turns.x=1", /has no option "turns.x"/],
  ["__proto__.x=1", /has no option "__proto__.x"/],
  ["header.Authorization=", /option header.Authorization of the sample backend has no value/],
  ["folder=", /folder of the sample backend has no value/],
])("%s is refused", (given, message) => {
  expect(error("cmd=x", given).message).toMatch(message);
});

test("what is known is named in the hint", () => {
  expect(error("zzz=1").hint).toBe(
    "its options are: cmd, folder, timeout, meta, limit, format, extra, turns, budget, key, header.NAME",
  );
});

test("an option that is given twice is refused, also with the same value", () => {
  expect(error("cmd=x", "cmd=x").message).toBe("option cmd of the sample backend is given twice");
});

test("a missing option is named with what it is for", () => {
  expect(error().message).toBe("the sample backend needs its option cmd: what to run");
  expect(error("cmd=").message).toBe("option cmd of the sample backend has no value");
});

test("a value is shown in one printable line", () => {
  expect(error("cmd=x", `format=\u001b[31m\n${"y".repeat(500)}`).message).not.toMatch(
    /\p{Cc}|y{100}/u,
  );
});

test("the defaults of every backend are values that it takes", () => {
  for (const backend of BACKENDS) {
    const required = Object.entries(backend.options)
      .filter(([, option]) => option.required)
      .map(([key]) => `${key}=x`);
    const values = parseOptions(backend, required);
    const keys = Object.entries(backend.options).filter(([, option]) => option.named !== true);
    expect(Object.keys(values)).toEqual(keys.map(([key]) => key));
  }
});

test("a secret that is written out is not shown in the error", () => {
  expect(error("cmd=x", "key=sk-0123456789").message).not.toContain("sk-0123456789");
});

test.each<[BackendType["options"][string], string]>([
  [{ type: "string", summary: "" }, "key=text"],
  [{ type: "secret", summary: "" }, "key=env:NAME"],
  [{ type: "text", summary: "", named: true }, "key.NAME=text|env:NAME"],
  [{ type: "enum", summary: "", values: ["a", "b"] }, "key=a|b"],
])("%o is written as %s", (option, label) => {
  expect(optionLabel("key", option)).toBe(label);
});

test("bytes have no fraction, sign or space", () => {
  for (const text of ["", "k", "1.5m", "+1", "1 k", "0x10", "1kb"]) {
    expect(parseBytes(text)).toBeUndefined();
  }
});
