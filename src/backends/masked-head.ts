/** Text that was cut before it could be searched for secrets. */
import type { Secrets } from "../shared/secrets.ts";

/**
 * The text without secrets, and without so much of its end as half of a secret may have, which no mask
 * knows. Whoever cuts leaves {@link slackBytes} more than are wanted.
 */
export function maskedHead(text: string, secrets: Secrets): string {
  const masked = secrets.mask(text);
  const head = masked.slice(0, Math.max(0, masked.length - secrets.longest));
  return head.replace(/[\ud800-\udbff]$/, "");
}

/** Bytes of UTF-8 that {@link maskedHead} takes away, at most. */
export function slackBytes(secrets: Secrets): number {
  // And what is left of a character of four.
  return secrets.longest * 3 + 1;
}
