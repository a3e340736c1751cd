/** Text of an answer that is longer than it may be. */
import { clipBytes } from "../shared/text.ts";

/**
 * As much of the text as fits into so many bytes of UTF-8, and a note where that is not all: `what` is
 * its beginning ("the answer is longer than"). `cutBefore`: there was more of it already. The text is
 * masked by then: half of a secret is not known as one.
 */
export function cutText(text: string, maxBytes: number, what: string, cutBefore = false): string {
  const kept = clipBytes(text, maxBytes);
  if (kept.length === text.length && !cutBefore) return text;
  return `${kept}\n\n[cut: ${what} ${maxBytes} bytes]`;
}
