/**
 * Whether the text is base64, of either alphabet (RFC 4648, 4 and 5), padded or not, with white space
 * anywhere. Takes time in proportion to its length, whatever it holds.
 */
export function isBase64(text: string): boolean {
  if (/[^A-Za-z0-9+/_=\s-]/.test(text)) return false;
  const end = text.indexOf("=");
  if (end < 0) return true;
  const padding = text.slice(end).replace(/\s+/g, "");
  return padding === "=" || padding === "==";
}
