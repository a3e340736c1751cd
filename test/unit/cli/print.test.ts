import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Io, maskedIo } from "../../../src/cli/output.ts";
import { type Format, printData, renderData } from "../../../src/cli/print.ts";
import { Secrets } from "../../../src/shared/secrets.ts";

const agents = [
  { id: "a1", name: "日本語", online: true, tags: ["x", "y"] },
  { id: "b22222", name: "Bo", online: false, seen: null },
];

describe("a table", () => {
  test("aligns what a terminal shows, and ends no line with a space", () => {
    expect(renderData(agents, { format: "table" })).toMatchInlineSnapshot(`
      "ID      NAME    ONLINE  TAGS       SEEN
      a1      日本語  true    ["x","y"]  -
      b22222  Bo      false   -          -
      "
    `);
  });

  test("shows the columns that it is given", () => {
    const columns = [
      { title: "name", of: (agent: { name: string }) => agent.name },
      { title: "length", of: (agent: { name: string }) => agent.name.length },
    ];
    expect(renderData(agents, { format: "table" }, columns)).toMatchInlineSnapshot(`
      "NAME    LENGTH
      日本語  3
      Bo      2
      "
    `);
    expect(renderData([], { format: "table" }, columns)).toBe("");
    expect(renderData({ name: "Bo" }, { format: "table" }, columns)).toBe(
      "name    Bo\nlength  2\n",
    );
  });

  test("of one record has a line for each field", () => {
    expect(renderData({ id: "a1", online: false, tokens: 0, note: "" }, { format: "table" }))
      .toMatchInlineSnapshot(`
      "id      a1
      online  false
      tokens  0
      note    -
      "
    `);
  });

  const plain: [data: unknown, text: string][] = [
    ["a word", "a word\n"],
    [["a", 1, null], "a\n1\n-\n"],
    [[], ""],
    [{}, ""],
    [null, "-\n"],
    [{ constructor: "c", toString: 1 }, "constructor  c\ntoString     1\n"],
    [[{ a: 1 }, { valueOf: 2 }], "A  VALUEOF\n1  -\n-  2\n"],
  ];
  for (const [data, text] of plain) {
    test(`of ${JSON.stringify(data)}`, () =>
      expect(renderData(data, { format: "table" })).toBe(text));
  }

  test("escapes what would move the cursor, in cells and titles", () => {
    const text = renderData([{ "a\u001b[1m": "x\u001b[2J\ny\u009b\u202e" }], { format: "table" });
    expect(text).toBe("A\\U001B[1M\nx\\u001b[2J y\\u009b\\u202e\n");
  });

  test("cuts nothing", () => {
    const long = "x".repeat(100_000);
    expect(renderData([long], { format: "table" })).toBe(`${long}\n`);
  });
});

describe("json and yaml", () => {
  test("are indented by two and end with a line feed", () => {
    const data = { id: "a1", tags: ["x", { y: 1 }], left: undefined, at: new Date(0) };
    expect(renderData(data, { format: "json" })).toMatchInlineSnapshot(`
      "{
        "id": "a1",
        "tags": [
          "x",
          {
            "y": 1
          }
        ],
        "at": "1970-01-01T00:00:00.000Z"
      }
      "
    `);
    expect(renderData(data, { format: "yaml" })).toMatchInlineSnapshot(`
      "id: a1
      tags:
        - x
        - "y": 1
      at: "1970-01-01T00:00:00.000Z"
      "
    `);
  });

  test("repeat what is shared instead of pointing at it", () => {
    const shared = { q: 1 };
    expect(renderData([shared, shared], { format: "yaml" })).toBe("- q: 1\n- q: 1\n");
  });

  test("say null where there is nothing", () => {
    expect(renderData(undefined, { format: "json" })).toBe("null\n");
    expect(renderData(undefined, { format: "yaml" })).toBe("null\n");
  });

  test("hold no raw control character but line feeds", () => {
    const hostile = { text: "\u001b[2J\u009b2J\u202e\u2028\u0007\u007f" };
    for (const format of ["json", "yaml"] satisfies Format[]) {
      const text = renderData(hostile, { format });
      expect(text).not.toMatch(/[^\n\u0020-\u007e]/);
    }
    expect(JSON.parse(renderData(hostile, { format: "json" }))).toEqual(hostile);
    expect(Bun.YAML.parse(renderData(hostile, { format: "yaml" }))).toEqual(hostile);
  });

  test("read back as what was printed", () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: "grapheme" }), (data) => {
        const plain = JSON.parse(JSON.stringify(data));
        expect(JSON.parse(renderData(data, { format: "json" }))).toEqual(plain);
      }),
      { numRuns: 300 },
    );
  });
});

describe("a secret in data", () => {
  const secrets = new Secrets();
  for (const one of ['"name":', "12345678", "key-of-seven"]) secrets.add(one);
  const data = { name: "a key-of-seven", 'say "name":': 12345678, "key-of-seven": [null] };
  const masked = { name: "a [secret]", "say [secret]": "[secret]", "[secret]": [null] };

  for (const format of ["json", "yaml"] satisfies Format[]) {
    test(`is masked in ${format}, which stays what it is`, async () => {
      let out = "";
      const io = maskedIo({ secrets, out: async (text) => void (out += text), err: () => {} });
      await printData(io, data, { format });
      expect(format === "json" ? JSON.parse(out) : Bun.YAML.parse(out)).toEqual(masked);
    });
  }
});

test("any data can be shown as a table of printable lines", () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: "binary" }), (data) => {
      expect(renderData(data, { format: "table" })).not.toMatch(
        /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/,
      );
    }),
    { numRuns: 300 },
  );
});

test("printData writes once, to standard output", async () => {
  const written: string[] = [];
  const io: Io = {
    secrets: new Secrets(),
    out: async (text) => void written.push(text),
    err: () => expect.unreachable(),
  };
  await printData(io, ["a", "b"], { format: "table" });
  expect(written).toEqual(["a\nb\n"]);
});
