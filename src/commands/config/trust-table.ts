/** What a file would set, as it is shown to who is to trust it: whole, however narrow the terminal. */
import { align, GAP, widthsOf } from "../../cli/columns.ts";

/** A key of the file. */
export interface Setting {
  key: string;
  line: number;
  needs_trust: boolean;
  /** In a form in which every character can be seen. */
  text: string;
}

/** The lines of a table. A value that a terminal has no room for goes on under its beginning. */
export function trustTable(
  settings: readonly Setting[],
  width: number | undefined,
  headers: boolean,
): string[] {
  const cells = settings.map(({ key, line, needs_trust }) => [
    key,
    String(line),
    needs_trust ? "yes" : "no",
  ]);
  const left = widthsOf(headers ? [TITLES, ...cells] : cells).reduce(
    (sum, one) => sum + one + GAP.length,
    0,
  );
  const room = width === undefined ? Number.POSITIVE_INFINITY : Math.max(width - left, NARROWEST);
  const rows = settings.flatMap(({ text }, i) =>
    pieces(text, room).map((piece, part) => [
      ...(part === 0 ? (cells[i] ?? []) : TITLES.map(() => "")),
      piece,
    ]),
  );
  return align(headers ? [[...TITLES, "VALUE"], ...rows] : rows);
}

const TITLES = ["KEY", "LINE", "NEEDS TRUST"];

/** Values get so many columns even where the terminal is narrower. */
const NARROWEST = 20;

/** The text in parts of that width; a space is never the last of one, where nobody would see it. */
function pieces(text: string, room: number): string[] {
  const parts: string[] = [];
  let [part, width] = ["", 0];
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    const more = Bun.stringWidth(segment);
    if (width + more > room && part !== "") {
      const space = part.length > 1 && part.endsWith(" ") ? " " : "";
      parts.push(space === "" ? part : part.slice(0, -1));
      [part, width] = [space, space.length];
    }
    part += segment;
    width += more;
  }
  return [...parts, part];
}
