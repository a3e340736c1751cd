/** Answers: read within a limit and decoded, for what is promised in JSON. */
import { parseRetryAfter } from "../shared/backoff.ts";
import { encodingOf, mediaType, readCapped } from "../shared/http.ts";
import { parseJson } from "../shared/json.ts";
import type { Deadline } from "./deadline.ts";
import type { Received } from "./failure.ts";
import { PlatformError } from "./platform.ts";

const HEAD_BYTES = 16_384;

/** What to read, and for whom. `now` is the server's clock, in milliseconds. */
export interface Reading {
  what: string;
  maxBytes: number;
  deadline: Deadline;
  now: number;
}

/** Reads an answer whole. Throws a PlatformError with its beginning once it is larger than it may be. */
export async function receive(response: Response, reading: Reading): Promise<Received> {
  const text = await readWhole(response, reading);
  const type = mediaType(response);
  const isJson = type === "" || type === "application/json" || type.endsWith("+json");
  const received: Received = {
    status: response.status,
    body: undefined,
    undecodable: undefined,
    empty: text.trim() === "",
    retryAfterMs: parseRetryAfter(response.headers.get("retry-after"), reading.now),
  };
  if (received.empty) return received;
  received.undecodable = packing(response);
  if (received.undecodable !== undefined) return received;
  if (!isJson) {
    received.undecodable = `an answer of type ${type.slice(0, 40)} instead of JSON`;
    return received;
  }
  try {
    received.body = parseJson(text);
  } catch {
    received.undecodable = "an answer that is broken JSON";
  }
  return received;
}

/** Words for an answer that came packed although we asked for none; undefined for one that did not. */
export function packing(response: Response): string | undefined {
  const encoding = encodingOf(response);
  if (encoding === undefined) return undefined;
  return `an answer in the encoding ${encoding.slice(0, 20)}, which was not asked for`;
}

async function readWhole(
  response: Response,
  { what, maxBytes, deadline }: Reading,
): Promise<string> {
  const { text, cut } = await readCapped(response, maxBytes, HEAD_BYTES);
  if (!cut) return text;
  deadline.abort();
  throw new PlatformError(`${what}: the answer is larger than ${Math.round(maxBytes / 1024)} KiB`, {
    verdict: "transient",
    status: response.status,
    unreadable: true,
    head: text,
  });
}
