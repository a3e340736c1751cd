/** Whether the public address leads here, asked of it as the platform would. */
import { MoleculeError } from "../shared/errors.ts";
import { showPublicUrl } from "./public-url.ts";
import type { Paths } from "./paths.ts";

const DEADLINE_MS = 10_000;
/** Of another's answer no more is read. */
const MOST_BYTES = 256;

/** Options of Bun's fetch that its types don't know. */
const BUN_OPTIONS = { decompress: false } as object;

/**
 * Asks for a path that only we know the answer to. Resolves with undefined where that answer comes, or
 * with why nothing could be asked from here, which need not mean that the platform can't. Rejects with a
 * MoleculeError where something else answers.
 */
export async function probe(
  publicUrl: URL,
  listens: string,
  paths: Paths,
  stop: AbortSignal,
): Promise<string | undefined> {
  const shown = showPublicUrl(publicUrl);
  const check = paths.openCheck();
  try {
    const response = await fetch(`${shown}/${check.path}`, {
      redirect: "manual",
      keepalive: false,
      signal: AbortSignal.any([stop, AbortSignal.timeout(DEADLINE_MS)]),
      ...BUN_OPTIONS,
    });
    const text = await start(response);
    if (text === check.answer) return undefined;
    throw new MoleculeError(
      `the public address ${shown} leads to something else than this bridge (its answer: ${response.status})`,
      {
        hint: `See that the proxy or tunnel there passes everything under it on to ${listens}, without a redirect or a login.`,
      },
    );
  } catch (error) {
    if (error instanceof MoleculeError) throw error;
    if (stop.aborted) return undefined;
    return `the public address ${shown} can't be reached from here, so nobody knows whether it leads to this bridge`;
  } finally {
    check.close();
  }
}

async function start(response: Response): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MOST_BYTES) break;
  }
  return text;
}
