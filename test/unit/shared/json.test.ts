import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  asObject,
  get,
  getArray,
  getNumber,
  getString,
  parseJson,
} from "../../../src/shared/json.ts";

const POLLUTING = [
  '{"__proto__":{"polluted":true}}',
  '{"a":{"b":[{"__proto__":{"polluted":true}}]}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  '[{"constructor":"a word","x":1}]',
  '{"\\u005f_proto__":{"polluted":true}}',
  '{"a":"\\"__proto__\\": not a key"}',
];

describe("JSON from others", () => {
  test.each([
    ["{}", {}],
    ["[]", []],
    [' \n\t{"a":[1,"b",null,true]} \n', { a: [1, "b", null, true] }],
    ['["NaN"]', ["NaN"]],
  ])("%j is read", (text, value) => {
    expect(parseJson(text)).toEqual(value);
  });

  test.each([
    "",
    " ",
    "null",
    "true",
    "TRUE",
    "1",
    '"a text"',
    "undefined",
    "NaN",
    "Infinity",
    "a word",
    "<!doctype html><title>Sign in</title>",
    "<html>{}</html>",
    "{",
    "[1,2",
    '{"a":1',
    '{"a":"b',
    '{"a":1}{"b":2}',
    "{'a':1}",
    "{a:1}",
    '{"a":01}',
    '{"__proto__":',
    '{"constructor":{}',
  ])("%j is refused as a SyntaxError", (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError);
  });

  test.each(POLLUTING)("%s stays readable, and its keys are ordinary ones", (text) => {
    const value = parseJson(text);
    expect(JSON.stringify(value)).toBe(JSON.stringify(JSON.parse(text)));
    expect(Object.getPrototypeOf(value)).toBe(
      Array.isArray(value) ? Array.prototype : Object.prototype,
    );
    expect((value as { polluted?: unknown }).polluted).toBeUndefined();
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test("is read as it was written, whatever its keys are called", () => {
    const key = fc.oneof(fc.constantFrom("__proto__", "constructor", "prototype"), fc.string());
    const { value: json } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(null, true, 1.5, "text"),
        fc.array(tie("value")),
        fc.dictionary(key, tie("value")),
      ),
    }));
    fc.assert(
      fc.property(fc.array(json), (value) => {
        const text = JSON.stringify(value);
        expect(JSON.stringify(parseJson(text))).toBe(text);
        expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
      }),
    );
  });

  test("never gives anything but an object or an array, whatever the text is", () => {
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.json().map((j) => j.slice(0, -1)),
    );
    fc.assert(
      fc.property(text, (t) => {
        try {
          expect(typeof parseJson(t)).toBe("object");
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError);
        }
      }),
    );
  });

  test.each([
    ["arrays", "[", "", "]"],
    ["objects", '{"a":', "1", "}"],
    ["objects with a polluting key", '{"__proto__":', "1", "}"],
  ])("of 10,000 nested %s is read or refused, and breaks nothing", (_, open, core, close) => {
    const text = `${open.repeat(10_000)}${core}${close.repeat(10_000)}`;
    const outcome = (() => {
      try {
        return asObject(parseJson(text)) ?? [];
      } catch (error) {
        return error;
      }
    })();
    expect(outcome).toBeObject();
    expect(() => parseJson(text.slice(0, -1))).toThrow();
  });
});

describe("a reader", () => {
  const inherited = Object.create({ key: "inherited" }) as unknown;

  test("finds the own keys of an object", () => {
    expect(get({ key: "own" }, "key")).toBe("own");
    expect(getString({ key: "own" }, "key")).toBe("own");
  });

  test.each([
    ["an empty object", {}],
    ["a key without a value", { key: undefined }],
    ["an inherited key", inherited],
    ["an array", Object.assign([], { key: "a" })],
    ["a text", "key"],
    ["null", null],
    ["undefined", undefined],
    ["a number", 42],
  ])("finds nothing in %s", (_, value) => {
    expect(get(value, "key")).toBeUndefined();
    expect(getString(value, "key")).toBeUndefined();
  });

  test.each(["toString", "constructor", "__proto__", "hasOwnProperty", "length"])(
    "does not see what every object has: %s",
    (key) => {
      for (const value of [{}, [], "text", () => {}]) expect(get(value, key)).toBeUndefined();
      expect(getString({}, key)).toBeUndefined();
    },
  );

  test("finds a key called __proto__ as any other", () => {
    expect(getString(parseJson('{"__proto__":"here"}'), "__proto__")).toBe("here");
  });

  test("finds the keys of an object that hides or has no hasOwnProperty", () => {
    const bare = Object.assign(Object.create(null) as object, { key: "a" });
    expect(getString(bare, "key")).toBe("a");
    expect(getString({ key: "a", hasOwnProperty: 1 }, "key")).toBe("a");
  });

  test("takes only the type that it is asked for", () => {
    const row = {
      text: "a",
      empty: "",
      number: 1.5,
      nan: NaN,
      huge: Infinity,
      array: [1],
      object: {},
    };
    const of = (read: (value: unknown, key: string) => unknown) =>
      Object.keys(row).filter((key) => read(row, key) !== undefined);
    expect(of(getString)).toEqual(["text"]);
    expect(of(getNumber)).toEqual(["number"]);
    expect(of(getArray)).toEqual(["array"]);
    expect(of((value, key) => asObject(get(value, key)))).toEqual(["object"]);
  });
});
