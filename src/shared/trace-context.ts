/** W3C Trace Context: by which the traces of everyone who works on a message are found together. */
import { isUuid } from "./ids.ts";

/** What is the same for all who work on one thing (https://www.w3.org/TR/trace-context/). */
export interface Trace {
  /** 32 hex digits in lower case, not all of them zero. */
  id: string;
  /** Two hex digits: `01` where the trace is recorded. */
  flags: string;
}

/** A later version may be longer than the 55 characters of this one; what is longer than this is none. */
const LONGEST = 512;

/** Version, trace-id, parent-id, trace-flags ("traceparent Header Field Values"), and what a later one adds. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/s;
const ZEROS = /^0+$/;

/** "Sampled flag", and "Random Trace ID Flag" of level 2; all others are to be cleared ("Other Flags"). */
const SAMPLED = 0x01;
const KNOWN_FLAGS = 0x03;

/**
 * The trace that a `traceparent` of a stranger names; undefined where it is none that is valid. One of a
 * later version is read by what this one knows of it, as "Versioning of traceparent" has it.
 */
export function parseTraceparent(value: unknown): Trace | undefined {
  if (typeof value !== "string" || value.length > LONGEST) return undefined;
  const [, version, id = "", parent = "", flags = "", more] = TRACEPARENT.exec(value) ?? [];
  if (version === undefined || version === "ff" || ZEROS.test(id) || ZEROS.test(parent)) {
    return undefined;
  }
  if (version === "00" && more !== undefined) return undefined;
  const known = Number.parseInt(flags, 16) & (version === "00" ? KNOWN_FLAGS : SAMPLED);
  return { id, flags: known.toString(16).padStart(2, "0") };
}

/**
 * The trace of a message that came without one. It follows from the activity's id, so that all who know
 * that know it, also after a crash: a UUID is one without its dashes.
 */
export function traceOfActivity(activityId: string): Trace {
  const digits = isUuid(activityId) ? activityId.replaceAll("-", "").toLowerCase() : "";
  const id = digits === "" || ZEROS.test(digits) ? digest(activityId, 32) : digits;
  return { id, flags: "01" };
}

/**
 * The `traceparent` under which a piece of work hands on its trace. Its parent-id, the span, follows from
 * the work's name: the same whenever it is asked for, and another one for other work.
 */
export function traceparentOf({ id, flags }: Trace, work: string): string {
  return `00-${id}-${digest(work, 16)}-${flags}`;
}

/** The first hex digits of the text's SHA-256. That they are all zero happens to nobody. */
function digest(text: string, digits: number): string {
  return new Bun.CryptoHasher("sha256").update(text).digest("hex").slice(0, digits);
}
