/** Reads the small XML of service files: written from XML 1.0, not from our writer. Throws for what is malformed. */

export interface Element {
  name: string;
  text: string;
  children: Element[];
}

export function readXml(text: string): Element {
  const tokens = text.matchAll(/<!--[^]*?-->|<\?[^]*?\?>|<![^>]*>|<\/?[\w]+[^>]*>|[^<]+/g);
  const root: Element = { name: "", text: "", children: [] };
  const open: Element[] = [root];
  let length = 0;
  for (const [token] of tokens) {
    length += token.length;
    const at = open.at(-1) ?? root;
    if (/^<[!?]/.test(token)) {
      if (token.startsWith("<!--") && token.slice(4, -3).includes("--"))
        throw new Error("-- in a comment");
    } else if (token.startsWith("</")) {
      if (open.pop()?.name !== token.slice(2, -1)) throw new Error(`${token} ends nothing`);
    } else if (token.startsWith("<")) {
      const element = { name: /\w+/.exec(token)?.[0] ?? "", text: "", children: [] };
      at.children.push(element);
      if (!token.endsWith("/>")) open.push(element);
    } else at.text += unescaped(token);
  }
  if (length !== text.length || open.length !== 1) throw new Error("it is malformed");
  const [only] = root.children;
  if (only === undefined || root.children.length !== 1) throw new Error("there is not one root");
  return only;
}

/** The first element of that name. */
export function find(at: Element, name: string): Element {
  for (const child of at.children) {
    if (child.name === name) return child;
    try {
      return find(child, name);
    } catch {
      // In a later one.
    }
  }
  throw new Error(`there is no ${name}`);
}

function unescaped(text: string): string {
  if (/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/.test(text)) throw new Error("no character of XML");
  const named: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
  return text
    .replace(/\r\n?/g, "\n")
    .replace(/&(?:#(\d+);|(\w+);|)/g, (all, code?: string, name?: string) => {
      const c = code === undefined ? named[name ?? ""] : String.fromCodePoint(Number(code));
      if (c === undefined) throw new Error(`unknown reference ${all}`);
      return c;
    });
}
