/**
 * Changes to the text of a config file that leave all the rest as it is: comments, order, blank lines,
 * quotes. What comes out is read again, and counts only if it says what was meant.
 */
import { parseDocument, stringify } from "yaml";
import { MoleculeError } from "../../shared/errors.ts";
import type { Flag } from "../flag.ts";
import { readYaml, type YamlEntry, type YamlValue } from "./yaml.ts";

/** The text with a key set. Throws a MoleculeError where the text can't be understood. */
export function setKey(text: string, key: string, flag: Flag, texts: readonly string[]): string {
  const line = lineOf(key, flag, texts);
  const isList = flag.kind === "strings";
  const wanted: YamlValue = isList
    ? { kind: "list", texts }
    : { kind: "text", text: texts[0] ?? "" };
  const before = entriesOf(text);
  const [first, ...again] = before.filter((one) => one.key === key);
  const once = again.toReversed().reduce(withoutLines, text);
  const changed = first === undefined ? appended(once, line) : replaced(once, first, line, isList);
  const written = confirmed([() => changed, () => rendered(text, key, line)], before, key, wanted);
  if (written !== undefined) return written;
  throw new MoleculeError(`"${key}" can't be set here without a change to the rest of the file`, {
    hint: `Set it by hand: ${line}`,
  });
}

/** The text without a key, however often it is there; undefined where it is not. */
export function unsetKey(text: string, key: string): string | undefined {
  const before = entriesOf(text);
  const entries = before.filter((one) => one.key === key);
  if (entries.length === 0) return undefined;
  const changed = entries.toReversed().reduce(withoutLines, text);
  const written = confirmed([() => changed, () => rendered(text, key)], before, key);
  if (written !== undefined) return written;
  throw new MoleculeError(`"${key}" can't be removed without a change to the rest of the file`, {
    hint: "Remove it by hand.",
  });
}

/** A key and its value as they are written in a file, without the end of the last line. */
export function lineOf(key: string, flag: Flag, texts: readonly string[]): string {
  if (flag.kind === "strings") {
    return [`${key}:`, ...texts.map((text) => `  - ${quoted(text)}`)].join("\n");
  }
  const [text = ""] = texts;
  // Numbers, truth and durations stand bare; a text that YAML would take for one of them is quoted.
  return `${key}: ${flag.kind === "string" ? quoted(text) : text}`;
}

function entriesOf(text: string): readonly YamlEntry[] {
  const yaml = readYaml(text);
  if ("entries" in yaml) return yaml.entries;
  throw new MoleculeError(yaml.problem.message, { hint: yaml.problem.hint });
}

/** The first of the texts that says what is wanted of the key, and the same as before of all others. */
function confirmed(
  texts: readonly (() => string)[],
  before: readonly YamlEntry[],
  key: string,
  wanted?: YamlValue,
): string | undefined {
  for (const make of texts) {
    const text = make();
    if (says(text, before, key, wanted)) return text;
  }
  return undefined;
}

/** By the parser's own writer, which keeps comments and order, where no line can be told from the others. */
function rendered(text: string, key: string, line?: string): string {
  const document = parseDocument(text, { uniqueKeys: false });
  if (document.errors.length > 0) return "";
  while (document.delete(key)) {
    // As often as it is there.
  }
  if (line !== undefined) document.set(key, parseDocument(line).get(key, true));
  return document.toString({ lineWidth: 0 });
}

function quoted(text: string): string {
  // Line breaks are written as \n, lest the lines of a text be taken for lines of the file.
  if (text.includes("\n")) return JSON.stringify(text);
  return stringify(text, { lineWidth: 0 }).replace(/\n$/, "");
}

/** At the end of the text, on a line of its own. */
function appended(text: string, line: string): string {
  const gap = text === "" || text.endsWith("\n") ? "" : "\n";
  return `${text}${gap}${line}\n`;
}

/** In the place of the old value; a comment behind it stays. */
function replaced(text: string, { span }: YamlEntry, line: string, isList: boolean): string {
  const [start] = span.key;
  let [, end] = span.value;
  // The span of a list or of a text of many lines takes the end of its last line along.
  while (end > start && /[ \t\r\n]/.test(text[end - 1] ?? "")) end--;
  const rest = text.slice(end);
  // A list takes lines of its own, so a comment goes above it.
  const comment = isList ? /^[ \t]*(#[^\n]*)/.exec(rest) : null;
  if (comment === null) return text.slice(0, start) + line + rest;
  return `${text.slice(0, start)}${comment[1]}\n${line}${rest.slice(comment[0].length)}`;
}

function withoutLines(text: string, { span }: YamlEntry): string {
  const [start] = span.key;
  let [, end] = span.value;
  while (end > start && /[ \t\r\n]/.test(text[end - 1] ?? "")) end--;
  const next = text.indexOf("\n", end);
  return text.slice(0, start) + (next === -1 ? "" : text.slice(next + 1));
}

/** Without where it stands, which changes with what is above it. */
function placeless(name: string, value: unknown): unknown {
  return ["line", "span", "problems"].includes(name) ? undefined : value;
}

/** Whether the text says the same as before of all other keys, in their order, and this of the key. */
function says(
  text: string,
  before: readonly YamlEntry[],
  key: string,
  wanted?: YamlValue,
): boolean {
  const yaml = readYaml(text);
  if (!("entries" in yaml)) return false;
  const others = (entries: readonly YamlEntry[]) =>
    JSON.stringify(
      entries.filter((one) => one.key !== key).map((one) => [one.key, one.value]),
      placeless,
    );
  const found = yaml.entries.filter((one) => one.key === key);
  const right =
    wanted === undefined
      ? found.length === 0
      : found.length === 1 && JSON.stringify(found[0]?.value) === JSON.stringify(wanted);
  return right && others(yaml.entries) === others(before);
}
