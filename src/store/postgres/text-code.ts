/**
 * Text as Postgres can keep it: all but U+0000 (postgresql.org, "Character Types"), for which stands U+001A
 * and a 0, and two U+001A for one. Strangers may send either.
 */

export function encodeText(text: string): string {
  // Nearly all texts have neither.
  if (!/[\0\x1a]/.test(text)) return text;
  return text.replaceAll("\x1a", "\x1a\x1a").replaceAll("\0", "\x1a0");
}

export function decodeText(text: string): string {
  if (!text.includes("\x1a")) return text;
  return text.replace(/\x1a([\x1a0])/g, (_, mark: string) => (mark === "0" ? "\0" : "\x1a"));
}
