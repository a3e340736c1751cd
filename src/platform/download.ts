/** An answer that is a file: handed on piece by piece, and never whole in memory. */
import { formatDuration } from "../shared/duration.ts";
import { contentLength } from "../shared/http.ts";
import { packing } from "./answer.ts";
import { Deadline } from "./deadline.ts";
import type { Call, Http } from "./http.ts";
import { PlatformError, type DownloadOptions, type Sink } from "./platform.ts";

/** However steadily it drips. */
const TOTAL_MS = 10 * 60_000;

/**
 * Makes a call whose answer is a file. The call's deadline is on the platform's silence, at whatever
 * point; what the sink takes does not count. Rejects with a PlatformError, or with what the sink threw.
 */
export async function download(
  http: Http,
  call: Call,
  sink: Sink,
  options: DownloadOptions,
): Promise<{ mimeType: string | undefined; size: number }> {
  const total = new Deadline(TOTAL_MS, options.signal);
  const silence = new Deadline(call.deadlineMs, total.signal);
  let answered = false;
  try {
    const response = await http.open(call, options, silence.signal);
    answered = true;
    if (response.status !== 200 || packing(response) !== undefined) {
      throw await http.refusal(call, response, silence);
    }
    const size = await pour(response, call.what, sink, options.maxBytes, silence);
    return { mimeType: typeOf(response), size };
  } catch (error) {
    // Whatever is still on its way is not wanted.
    silence.abort();
    if (error instanceof SinkFailure) throw error.cause;
    const words = answered ? lateness(total, silence, call) : undefined;
    if (words !== undefined) {
      throw new PlatformError(`${call.what}: ${words}`, { verdict: "transient" });
    }
    throw http.explained(call, error, silence, answered);
  } finally {
    silence.clear();
    total.clear();
  }
}

class SinkFailure extends Error {}

async function pour(
  response: Response,
  what: string,
  sink: Sink,
  maxBytes: number,
  silence: Deadline,
): Promise<number> {
  const length = contentLength(response);
  if (length !== undefined && length > maxBytes) throw tooLarge(what, maxBytes);
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    silence.pause();
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLarge(what, maxBytes);
    try {
      await sink(chunk);
    } catch (cause) {
      throw new SinkFailure("the sink failed", { cause });
    }
    silence.restart();
  }
  return size;
}

function tooLarge(what: string, maxBytes: number): PlatformError {
  const mebibytes = maxBytes / 1024 / 1024;
  const limit = mebibytes < 1 ? `${maxBytes} bytes` : `${Number(mebibytes.toFixed(1))} MiB`;
  return new PlatformError(`${what}: the file is larger than ${limit}`, { verdict: "permanent" });
}

function lateness(total: Deadline, silence: Deadline, call: Call): string | undefined {
  if (total.expired !== undefined) {
    return `the file was not there whole within ${formatDuration(TOTAL_MS)}`;
  }
  if (silence.expired === undefined) return undefined;
  return `nothing more came for ${formatDuration(call.deadlineMs)}`;
}

/** What the platform says the file is: a type, perhaps with parameters. */
function typeOf({ headers }: Response): string | undefined {
  const type = (headers.get("content-type") ?? "").trim();
  return /^[\w!#$&^.+-]+\/[\x20-\x7e]+$/.test(type) && type.length <= 200 ? type : undefined;
}
