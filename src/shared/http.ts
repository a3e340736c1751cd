/** What every call over HTTP has in common: how it is made, where it is sent on to, how it is read. */

/**
 * Options of Bun's fetch. Without the first a silent request would end after six minutes, whatever the
 * deadline; without the second a kilobyte of brotli unfolds to gigabytes before a cap sees any of it.
 */
export const BUN_FETCH = { timeout: false, decompress: false } as const;

const MAX_REDIRECTS = 3;

/** Where an answer sends us on to: to be asked there, or not to be followed (null: it is no address). */
export type Hop = { kind: "followed"; to: URL } | { kind: "refused"; to: URL | null };

/**
 * The hop that an answer asks for, its body thrown away; undefined where it asks for none. It is followed
 * at the same origin only, and only where method and body are kept (RFC 9110, 15.4): headers that hold
 * secrets go nowhere else. `hops`: how many came before.
 */
export async function nextHop(
  { status, headers, body }: Response,
  at: URL,
  method: string,
  hops: number,
): Promise<Hop | undefined> {
  const location = headers.get("location");
  if (status < 300 || status > 399 || location === null) return undefined;
  await body?.cancel();
  const to = URL.parse(location, at.href);
  const isKept = method !== "POST" || status === 307 || status === 308;
  return to?.origin === at.origin && isKept && hops < MAX_REDIRECTS
    ? { kind: "followed", to }
    : { kind: "refused", to };
}

/** The media type without its parameters, in lower case; "" where none is said. */
export function mediaType({ headers }: Response): string {
  return (headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
}

/** The encoding of a body that came packed, in lower case; undefined where it is as it is. */
export function encodingOf({ headers }: Response): string | undefined {
  const encoding = headers.get("content-encoding")?.trim().toLowerCase() ?? "";
  return encoding === "" || encoding === "identity" ? undefined : encoding;
}

/** The length that an answer says it has, in bytes. */
export function contentLength({ headers }: Response): number | undefined {
  const text = headers.get("content-length") ?? "";
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/**
 * The body's text. Of one that has more than `maxBytes` only its beginning, `headBytes` at most, and the
 * connection is ended. Rejects with what cuts it off.
 */
export async function readCapped(
  response: Response,
  maxBytes: number,
  headBytes = maxBytes,
): Promise<{ text: string; cut: boolean }> {
  const length = contentLength(response);
  // Told to be small: reading it as a stream costs several times as much.
  if (length !== undefined && length <= maxBytes) {
    return { text: await response.text(), cut: false };
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop ends the connection.
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size > maxBytes) break;
  }
  const cut = size > maxBytes;
  // As text() would: without the mark of the byte order. And no copy of all that was read.
  const bytes = Buffer.concat(chunks, cut ? Math.min(size, headBytes) : size);
  return { text: new TextDecoder().decode(bytes), cut };
}
