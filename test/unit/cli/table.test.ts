import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Io } from "../../../src/cli/output.ts";
import { printData } from "../../../src/cli/print.ts";
import { type Column, recordOf, tableOf } from "../../../src/cli/table.ts";
import { Secrets } from "../../../src/shared/secrets.ts";

interface Agent {
  id: string;
  name: string;
  status: string;
  tasks: number;
}

const ID = "0f8fad5b-d9cb-469f-a165-70867728950e";
const AGENTS: Agent[] = [
  { id: ID, name: "a reviewer of code who writes a lot", status: "online", tasks: 12 },
  { id: `1${ID.slice(1)}`, name: "Bo", status: "failed", tasks: 3 },
];
const COLUMNS: Column<Agent>[] = [
  { title: "id", of: ({ id }) => id },
  { title: "name", of: ({ name }) => name },
  {
    title: "status",
    of: ({ status }) => status,
    tone: ({ status }) => (status === "failed" ? "bad" : "good"),
  },
  { title: "tasks", of: ({ tasks }) => tasks, align: "right", wide: true },
];

describe("a table in a pipe or a file", () => {
  test("is whole, with every column", () => {
    expect(tableOf(AGENTS, {}, COLUMNS)).toEqual([
      "ID                                    NAME                                 STATUS  TASKS",
      `${ID}  a reviewer of code who writes a lot  online     12`,
      `1${ID.slice(1)}  Bo                                   failed      3`,
    ]);
  });

  test("has no titles where none are wanted", () => {
    const [first] = tableOf(AGENTS, { headers: false }, COLUMNS);
    expect(first).toStartWith(ID);
    expect(tableOf(AGENTS, { headers: false }, COLUMNS)).toHaveLength(2);
  });
});

describe("a table in a terminal", () => {
  test("is whole where it fits", () => {
    expect(tableOf(AGENTS, { width: 88 }, COLUMNS)).toEqual(tableOf(AGENTS, {}, COLUMNS));
  });

  test("does without the columns that are less needed, first of all", () => {
    const [head, first] = tableOf(AGENTS, { width: 87 }, COLUMNS);
    expect(head).not.toContain("TASKS");
    expect(first).toContain("writes a lot");
  });

  test("cuts the widest cells then, with the ids whole as long as that can be", () => {
    expect(tableOf(AGENTS, { width: 62 }, COLUMNS)).toEqual([
      "ID                                    NAME              STATUS",
      `${ID}  a reviewer of c…  online`,
      `1${ID.slice(1)}  Bo                failed`,
    ]);
  });

  test("cuts titles before what stands under them", () => {
    const rows = [{ status: "awaiting_agent", seen: "-" }];
    const columns: Column<(typeof rows)[number]>[] = [
      { title: "status", of: ({ status }) => status },
      { title: "last heartbeat", of: ({ seen }) => seen },
    ];
    expect(tableOf(rows, { width: 26 }, columns)).toEqual([
      "STATUS          LAST HEAR…",
      "awaiting_agent  -",
    ]);
    expect(tableOf(rows, { width: 22 }, columns)[1]).toBe("awaiting_a…  -");
  });

  test("cuts ids too, but never what they are known by", () => {
    const lines = tableOf(AGENTS, { width: 30 }, COLUMNS);
    for (const line of lines) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(30);
    expect(lines[1]).toStartWith("0f8fad5b");
  });

  test("leaves the last columns out where even their shortest form is too wide", () => {
    expect(tableOf(AGENTS, { width: 20 }, COLUMNS)[1]).toBe("0f8fad5b…  a review…");
    expect(tableOf(AGENTS, { width: 3 }, COLUMNS)[1]).toBe("0f8fad5b…");
  });

  test("goes on in more rows where a column holds sentences", () => {
    const rows = [
      { check: "server", detail: "it answers as it should" },
      { check: "token", detail: "-" },
    ];
    const columns: Column<(typeof rows)[number]>[] = [
      { title: "check", of: ({ check }) => check },
      { title: "detail", of: ({ detail }) => detail, wrap: true },
    ];
    expect(tableOf(rows, { width: 22 }, columns)).toEqual([
      "CHECK   DETAIL",
      "server  it answers as",
      "        it should",
      "token   -",
    ]);
    expect(tableOf(rows, {}, columns)).toHaveLength(3);
  });

  test("is never wider than the terminal, if that has room for what each cell keeps", () => {
    const cells = fc.array(
      fc.record({
        id: fc.string({ maxLength: 60, unit: "grapheme" }),
        name: fc.string({ maxLength: 60, unit: "grapheme" }),
        status: fc.string({ maxLength: 60, unit: "grapheme" }),
        tasks: fc.nat(),
      }),
      { minLength: 1, maxLength: 5 },
    );
    fc.assert(
      fc.property(cells, fc.integer({ min: 33, max: 200 }), fc.boolean(), (rows, width, color) => {
        for (const line of tableOf(rows, { width, color }, COLUMNS)) {
          expect(Bun.stringWidth(line)).toBeLessThanOrEqual(width);
        }
      }),
    );
  });

  test("shows no half of a secret", () => {
    const secrets = new Secrets();
    secrets.add("s3cret-".repeat(10));
    const rows = [{ id: "x", note: `it is ${"s3cret-".repeat(10)}` }];
    const lines = tableOf(rows, { width: 30, mask: (text) => secrets.mask(text) });
    expect(lines.join("\n")).not.toContain("s3cret");
  });
});

describe("colour", () => {
  const plain = tableOf(AGENTS, { width: 88 }, COLUMNS);
  const colored = tableOf(AGENTS, { width: 88, color: true }, COLUMNS);

  test("is in the cells that have a tone, and nowhere else", () => {
    expect(colored[0]).toBe(plain[0] ?? "");
    expect(colored[1]).toContain("  \x1b[32monline\x1b[0m  ");
    expect(colored[2]).toContain("  \x1b[31mfailed\x1b[0m  ");
  });

  test("moves nothing", () => {
    expect(colored.map((line) => Bun.stripANSI(line))).toEqual(plain);
  });

  test("is not there unless it is asked for", () => {
    expect(plain.join("")).not.toContain("\x1b");
  });
});

describe("one record", () => {
  const record = { id: ID, note: "a rather long note that goes on and on without saying much" };

  test("has one line for each field in a pipe", () => {
    expect(recordOf(record, {})).toEqual([`id    ${ID}`, `note  ${record.note}`]);
  });

  test("goes on under the beginning of a long value in a terminal", () => {
    expect(recordOf(record, { width: 44 })).toEqual([
      `id    ${ID}`,
      "note  a rather long note that goes on and on",
      "      without saying much",
    ]);
  });

  test("keeps a value that was revealed on purpose, but no part of any other secret", () => {
    const secrets = new Secrets();
    secrets.add("one-secret-word");
    const mask = (text: string) => secrets.mask(text);
    expect(recordOf({ token: "one-secret-word" }, { width: 40, mask })).toEqual([
      "token  one-secret-word",
    ]);
    secrets.add("a secret of many words that are long");
    const lines = recordOf({ note: "a secret of many words that are long" }, { width: 20, mask });
    expect(lines).toEqual(["note  [secret]"]);
  });
});

describe("a list without rows", () => {
  const print = async (format: "table" | "json" | "yaml", empty?: string) => {
    let [out, err] = ["", ""];
    const io: Io = {
      secrets: new Secrets(),
      out: async (text) => void (out += text),
      err: (line) => void (err += `${line}\n`),
    };
    await printData(io, [] as Agent[], { format, empty }, COLUMNS);
    return { out, err };
  };

  test("prints nothing, and says so on standard error", async () => {
    expect(await print("table", "no agents")).toEqual({ out: "", err: "no agents\n" });
    expect(await print("table")).toEqual({ out: "", err: "nothing found\n" });
  });

  test("is a list as data", async () => {
    expect(await print("json", "no agents")).toEqual({ out: "[]\n", err: "" });
    expect(await print("yaml", "no agents")).toEqual({ out: "[]\n", err: "" });
  });
});
