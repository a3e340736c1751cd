/** Text in columns, by what a terminal shows: wide characters count twice, colours not at all. */

/** The rows with their cells aligned, two spaces between columns, none at the ends of lines. */
export function align(
  rows: readonly (readonly string[])[],
  right: (column: number) => boolean = () => false,
): string[] {
  const widths = widthsOf(rows);
  return rows.map((row) =>
    row
      .map((cell, i) => pad(cell, widths[i] ?? 0, right(i)))
      .join(GAP)
      .trimEnd(),
  );
}

/** Between two columns. */
export const GAP = "  ";

/** The width of each column: that of its widest cell. */
export function widthsOf(rows: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) {
      widths[i] = Math.max(widths[i] ?? 0, Bun.stringWidth(cell));
    }
  }
  return widths;
}

/** The text with spaces up to a width, behind it or before it. */
export function pad(text: string, width: number, before = false): string {
  const spaces = " ".repeat(Math.max(0, width - Bun.stringWidth(text)));
  return before ? spaces + text : text + spaces;
}

/** At most `width` columns of a text, the last of them an ellipsis where something was cut. */
export function cut(text: string, width: number): string {
  if (Bun.stringWidth(text) <= width) return text;
  let [kept, room] = ["", width - 1];
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    room -= Bun.stringWidth(segment);
    if (room < 0) break;
    kept += segment;
  }
  return width > 0 ? `${kept}…` : "";
}

/**
 * Widths for columns that together have `room`: the widest give way first, all of those to the same
 * width, and none falls below its `least`. Where even that is too much, all have their least.
 */
export function share(widths: readonly number[], least: readonly number[], room: number): number[] {
  const at = (cap: number) =>
    widths.map((width, i) => Math.min(width, Math.max(cap, least[i] ?? 0)));
  const sum = (all: readonly number[]) => all.reduce((total, width) => total + width, 0);
  let cap = Math.max(0, ...widths);
  // A terminal has some hundred columns, so a search would save nothing.
  cap = Math.min(cap, Math.max(room, 0));
  while (cap > 0 && sum(at(cap)) > room) cap--;
  return at(cap);
}

/** The words of a text in lines of at most `width`; a longer word gets a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter((part) => part !== "")) {
    if (line === "") line = word;
    else if (Bun.stringWidth(line) + 1 + Bun.stringWidth(word) <= width) line += ` ${word}`;
    else {
      lines.push(line);
      line = word;
    }
  }
  return line === "" ? lines : [...lines, line];
}
