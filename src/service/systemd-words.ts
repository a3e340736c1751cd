/** How values are written in a unit file (systemd.syntax(7), systemd.service(5) "Command lines"). */
import { checkText, unfit } from "./unfit.ts";

/**
 * A word of a command line: in quotes where it needs them, `%` and `$` doubled, since both would be filled in,
 * and control characters as escapes. Throws a UsageError for what can't be written.
 */
export function execWord(text: string): string {
  return quoted(escapedPercent(text).replaceAll("$", "$$$$"));
}

/** The program of a command line: in it nothing but `%` is filled in. */
export function execProgram(path: string): string {
  return quoted(escapedPercent(path));
}

/** A word in which `${NAME}` stays what systemd fills in. Not for values of others. */
export function execReference(text: string): string {
  return quoted(escapedPercent(text));
}

/** An assignment of Environment=, where `$` means nothing and control characters are not taken. */
export function assignment(name: string, value: string): string {
  if (/[\x00-\x08\x0a-\x1f\x7f]/.test(value)) throw unfit(value, CONTROL);
  return quoted(escapedPercent(`${name}=${value}`));
}

/** An item of a list of paths, which knows quotes but no escapes for control characters. */
export function listedPath(path: string): string {
  if (/[\x00-\x1f\x7f]/.test(path)) throw unfit(path, CONTROL);
  return quoted(escapedPercent(path));
}

/**
 * A path that is the whole value: it is read to the end of its line as it is. Throws a UsageError for one that
 * would be read as another.
 */
export function barePath(path: string): string {
  if (/[\x00-\x1f\x7f]/.test(path)) throw unfit(path, CONTROL);
  if (/^\s|\s$/.test(path)) throw unfit(path, "systemd drops white space at its ends");
  if (path.endsWith("\\")) throw unfit(path, "a backslash at its end joins two lines");
  return escapedPercent(path);
}

/** The same for EnvironmentFile=, whose paths are patterns. */
export function barePathOfOne(path: string): string {
  if (/[*?[\]]/.test(path)) throw unfit(path, "systemd takes it for a pattern");
  return barePath(path);
}

const CONTROL = "it holds a control character";

function escapedPercent(text: string): string {
  return checkText(text).replaceAll("%", "%%");
}

/** The bare form only for what has no meaning anywhere. */
function quoted(text: string): string {
  if (/^[\w./:,@+=%-]+$/.test(text)) return text;
  const inner = text.replace(/[\\"]/g, "\\$&").replace(/[\x01-\x1f\x7f]/g, hex);
  return `"${inner}"`;
}

function hex(c: string): string {
  return `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`;
}
