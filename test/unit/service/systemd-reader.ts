/** Reads a unit as systemd does (systemd.syntax(7), systemd.service(5)): written from the manuals, not from our writer. */

/** The values of a setting, in their order. */
export function valuesOf(unit: string, name: string): string[] {
  return unit
    .split("\n")
    .filter((line) => line.startsWith(`${name}=`))
    .map((line) => line.slice(name.length + 1).trim());
}

export interface Filling {
  /** What stands for `%i`. */
  instance?: string;
  /** What stands for `$NAME` and `${NAME}`; undefined where they mean nothing. */
  env?: Record<string, string>;
}

/** The words of a value. Throws for what systemd refuses. */
export function wordsOf(value: string, filling: Filling = {}): string[] {
  return split(value).map((word) => withEnv(withSpecifiers(word, filling), filling));
}

/** A value that is taken as it is, but for its specifiers. */
export function bareOf(value: string, filling: Filling = {}): string {
  return withSpecifiers(value, filling);
}

function split(value: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let at = 0; at < value.length; at++) {
    const c = value.charAt(at);
    if (c === "\\") {
      const [text, length] = escapeAt(value, at + 1);
      word = (word ?? "") + text;
      at += length;
    } else if (quote !== undefined) {
      if (c === quote) quote = undefined;
      else word += c;
    } else if (word === undefined && (c === '"' || c === "'")) {
      quote = c;
      word = "";
    } else if (/[ \t]/.test(c)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + c;
  }
  if (quote !== undefined) throw new Error("a quote has no end");
  if (word !== undefined) words.push(word);
  return words;
}

/** What an escape means, and how many characters it has behind its backslash. */
function escapeAt(value: string, at: number): [text: string, length: number] {
  const c = value.charAt(at);
  const hex = /^x([0-9a-f]{2})/i.exec(value.slice(at))?.[1];
  if (hex !== undefined) {
    const code = Number.parseInt(hex, 16);
    if (code === 0) throw new Error("a NUL is refused");
    return [String.fromCharCode(code), 3];
  }
  const simple: Record<string, string> = {
    "\\": "\\",
    '"': '"',
    "'": "'",
    n: "\n",
    t: "\t",
    s: " ",
  };
  const text = simple[c];
  if (text === undefined) throw new Error(`unknown escape \\${c}`);
  return [text, 1];
}

function withSpecifiers(word: string, { instance = "" }: Filling): string {
  return word.replace(/%(.?)/gs, (_, c: string) => {
    if (c === "%") return "%";
    if (c === "i") return instance;
    throw new Error(`unknown specifier %${c}`);
  });
}

function withEnv(word: string, { env }: Filling): string {
  if (env === undefined) return word;
  return word.replace(/\$(?:\$|\{(\w+)\}|(\w+))/g, (all, braced?: string, plain?: string) => {
    return all === "$$" ? "$" : (env[braced ?? plain ?? ""] ?? "");
  });
}
