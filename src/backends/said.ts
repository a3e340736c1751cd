/** Words of others in what the operator reads. */
import type { Secrets } from "../shared/secrets.ts";
import { oneLine } from "../shared/text.ts";

const SAID_MAX = 300;

/** A server's, an agent's or a model's words, fit for a reason or note: masked before they are cut. */
export function said(words: string, secrets: Secrets): string {
  return oneLine(secrets.mask(words), SAID_MAX);
}
