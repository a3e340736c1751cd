/** The text of a config file as keys and texts. A value's text is as it was written: 007 stays 007. */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  type YAMLSeq,
} from "yaml";
import { oneLine } from "../../shared/text.ts";
import type { Problem } from "./config.ts";

/** A key with what stands at it. */
export interface YamlEntry {
  readonly key: string;
  readonly line: number;
  readonly value: YamlValue;
  /** Where key and value lie in the text: for changes that leave the rest as it is. */
  readonly span: Span;
}

/** Offsets in the text. That of the value is empty where it is left out. */
export interface Span {
  readonly key: readonly [start: number, end: number];
  readonly value: readonly [start: number, end: number];
}

export type YamlValue =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "list"; readonly texts: readonly string[] }
  | { readonly kind: "pairs"; readonly pairs: readonly (readonly [key: string, text: string])[] }
  | { readonly kind: "items"; readonly items: readonly YamlItem[] }
  | { readonly kind: "wrong"; readonly message: string };

/** A mapping in a list, read as a file is. */
export interface YamlItem {
  readonly line: number;
  readonly entries: readonly YamlEntry[];
  readonly problems: readonly Problem[];
}

/** What a text holds; a problem where it is no mapping at all. */
export type YamlFile =
  | { readonly entries: readonly YamlEntry[]; readonly problems: readonly Problem[] }
  | { readonly problem: Problem };

type LineAt = (offset: number) => number;

/** Reads the text of a file. Never throws, and never says a word of what stands in it but keys. */
export function readYaml(text: string): YamlFile {
  const lines = new LineCounter();
  const lineAt = (offset: number) => lines.linePos(offset).line;
  if (text.includes("\0")) {
    const line = text.slice(0, text.indexOf("\0")).split("\n").length;
    return fault("it holds a NUL character", line, "Save it as plain text in UTF-8.");
  }
  let document;
  try {
    document = parseDocument(text, {
      lineCounter: lines,
      // Looked for below: the parser compares each key with all the others.
      uniqueKeys: false,
      prettyErrors: false,
    });
  } catch {
    // It is nested so deeply that the stack does not hold it.
    return fault(NESTED, undefined);
  }
  const [error] = document.errors.toSorted((a, b) => a.pos[0] - b.pos[0]);
  if (error !== undefined) {
    return fault(WORDS[error.code] ?? "it is not YAML", lineAt(error.pos[0]), FORM);
  }
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.source === "")) {
    return { entries: [], problems: [] };
  }
  if (!isMap(contents)) return fault("it must be lines of the form key: value", 1, FORM);
  return entriesOf(contents.items as Pair[], lineAt);
}

const FORM = "It looks like 'api_url: https://tenant.example.com', a line for each key.";
const NESTED = "it is nested too deeply";

/** By the code of the parser's error; its own messages may show what stands in the file. */
const WORDS: Record<string, string> = {
  TAB_AS_INDENT: "a tab can't indent a line in YAML",
  MULTIPLE_DOCS: "it holds more than one document",
  BAD_INDENT: "a line is indented wrongly, or a bracket is not closed",
  MISSING_CHAR: "a quote, a bracket or a colon is missing",
  MULTILINE_IMPLICIT_KEY: "a line has no colon after its key",
  BLOCK_AS_IMPLICIT_KEY: "a line has two keys; a text that holds ': ' needs quotes",
  BAD_DQ_ESCAPE: "a backslash between double quotes begins no known escape",
  BAD_SCALAR_START: "a text begins with a character that needs quotes",
  UNEXPECTED_TOKEN: "something stands where nothing can",
  RESOURCE_EXHAUSTION: NESTED,
};

function fault(message: string, line: number | undefined, hint?: string): { problem: Problem } {
  return { problem: { message, line, hint } };
}

function entriesOf(
  items: readonly Pair[],
  lineAt: LineAt,
  isInner = false,
): Pick<YamlItem, "entries" | "problems"> {
  const entries: YamlEntry[] = [];
  const problems: Problem[] = [];
  const first = new Map<string, number>();
  for (const { key: node, value } of items) {
    const [start = 0, end = 0] = rangeOf(node) ?? [];
    const line = lineAt(start);
    const key = wordOf(node);
    if (key === undefined) {
      problems.push({ message: "a key must be a plain word", line, hint: undefined });
      continue;
    }
    const before = first.get(key);
    if (before !== undefined) {
      const message = `"${oneLine(key, 60)}" is set a second time, after line ${before}`;
      problems.push({ message, line, hint: "Remove one of the two." });
    }
    first.set(key, before ?? line);
    const [from = end, to = from] = rangeOf(value) ?? [];
    entries.push({
      key,
      line,
      value: !isInner && holdsMaps(value) ? itemsOf(value.items, lineAt) : valueOf(value),
      span: { key: [start, end], value: [from, to] },
    });
  }
  return { entries, problems };
}

/** A list of texts is read as it always was; so is one that is empty. */
function holdsMaps(node: unknown): node is YAMLSeq {
  return isSeq(node) && node.items.some((item) => isMap(item));
}

function itemsOf(nodes: readonly unknown[], lineAt: LineAt): YamlValue {
  const items: YamlItem[] = [];
  for (const node of nodes) {
    if (!isMap(node)) return wrong("holds both mappings and other things");
    const [start = 0] = rangeOf(node) ?? [];
    items.push({ line: lineAt(start), ...entriesOf(node.items as Pair[], lineAt, true) });
  }
  return { kind: "items", items };
}

function rangeOf(node: unknown): readonly number[] | undefined {
  const { range } = (node ?? {}) as { range?: readonly number[] | null };
  return range ?? undefined;
}

/** A key as a text, whatever YAML takes it for. */
function wordOf(node: unknown): string | undefined {
  if (!isScalar(node) || node.tag !== undefined) return undefined;
  const text = typeof node.value === "string" ? node.value : node.source;
  return text === undefined || text === "" ? undefined : text;
}

function valueOf(node: unknown): YamlValue {
  if (isSeq(node)) {
    const texts: string[] = [];
    for (const item of node.items) {
      const one = textOf(item);
      if (typeof one !== "string") return one;
      texts.push(one);
    }
    return { kind: "list", texts };
  }
  if (isMap(node)) return pairsOf(node.items as Pair[]);
  const text = textOf(node);
  return typeof text === "string" ? { kind: "text", text } : text;
}

function pairsOf(items: readonly Pair[]): YamlValue {
  const pairs = new Map<string, string>();
  for (const { key: node, value } of items) {
    const key = wordOf(node);
    if (key === undefined || key.includes("=")) return wrong("holds a key that is no plain word");
    if (pairs.has(key)) return wrong(`holds "${oneLine(key, 60)}" twice`);
    const text = textOf(value);
    if (typeof text !== "string") return text;
    pairs.set(key, text);
  }
  return { kind: "pairs", pairs: [...pairs] };
}

/** The text of a scalar as it was written, without quotes. */
function textOf(node: unknown): string | YamlValue {
  if (isAlias(node)) return wrong("is an alias (*), which is not read here: write the value out");
  if (isSeq(node) || isMap(node)) return wrong("holds a list or mapping within another");
  if (!isScalar(node) || node.value === null) return wrong("has no value");
  if (node.tag !== undefined) return wrong("has a tag (!), which is not read here");
  const plain = node.type === "PLAIN" ? node.source : undefined;
  const text = plain ?? String(node.value);
  if (text === "") return wrong("is empty");
  if (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(text)) return wrong("holds a control character");
  return text;
}

function wrong(message: string): YamlValue {
  return { kind: "wrong", message };
}
