/**
 * Server-sent events as the platform sends them (contract 2.11): frames of one `data:` line, without id
 * or name. Only what kind of event it is is read: what happened is in the feed.
 */
import { get, getString, tryParseJson } from "../shared/json.ts";
import { PlatformError, type StreamSign } from "./platform.ts";

/** Of a line that is kept. A row may have megabytes, of which the beginning says enough. */
const MOST_LINE = 64 * 1024;

/** So many bytes without an event, and they count as one that is none. */
const MOST_BETWEEN = 64 * 1024;
/** A row has 16 MiB at most (2.4.2), each character of which may be written as an escape of six. */
const LONGEST_LINE = 128 * 1024 * 1024;

/** The lines of a stream as they come (WHATWG HTML, 9.2.6), put together to signs. */
export class EventParser {
  readonly #hear: (sign: StreamSign) => void;
  readonly #decoder = new TextDecoder();
  /** The line so far, and whether more of it came than is kept. */
  #line = "";
  #cut = false;
  /** The last character was a carriage return: a line feed after it ends no second line. */
  #returned = false;
  /** Of the frame so far; undefined where it has no data yet. */
  #data: string | undefined;
  #dataCut = false;
  /** Bytes since the last sign but comments. */
  #bytes = 0;

  constructor(hear: (sign: StreamSign) => void) {
    this.#hear = hear;
  }

  /** Takes what came. Throws a PlatformError for a line that has no end, and what `hear` throws. */
  push(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    const text = this.#decoder.decode(chunk, { stream: true });
    let from = 0;
    for (const { index, 0: end } of text.matchAll(/[\r\n]/g)) {
      const isRest = end === "\n" && this.#returned && index === from && this.#line === "";
      this.#returned = end === "\r";
      this.#add(text.slice(from, index));
      from = index + 1;
      if (!isRest) this.#endLine();
    }
    if (from < text.length) {
      this.#returned = false;
      this.#add(text.slice(from));
    }
    if (this.#cut && this.#bytes > LONGEST_LINE) throw endless();
    if (!this.#cut && this.#bytes > MOST_BETWEEN) this.#junk();
  }

  #add(text: string): void {
    const room = MOST_LINE - this.#line.length;
    if (text.length > room) this.#cut = true;
    if (room > 0) this.#line += text.slice(0, room);
  }

  #endLine(): void {
    const [line, cut] = [this.#line, this.#cut];
    this.#line = "";
    this.#cut = false;
    if (line === "") return this.#endFrame();
    if (line.startsWith(":")) return this.#hear({ kind: "comment" });
    const [field = "", value = ""] = splitField(line);
    if (field !== "data") return NAMELESS.includes(field) ? undefined : this.#junk();
    if (this.#dataCut) return;
    const data = this.#data === undefined ? value : `${this.#data}\n${value}`;
    this.#dataCut ||= cut || data.length > MOST_LINE;
    this.#data = data.slice(0, MOST_LINE);
  }

  #endFrame(): void {
    const [data, cut] = [this.#data, this.#dataCut];
    this.#data = undefined;
    this.#dataCut = false;
    if (data === undefined) return;
    this.#bytes = 0;
    this.#hear(cut ? readCut(data) : readFrame(data));
  }

  #junk(): void {
    this.#bytes = 0;
    this.#hear({ kind: "junk" });
  }
}

function endless(): PlatformError {
  return new PlatformError("the event stream: a line without an end", { verdict: "transient" });
}

/** Fields that say nothing here. */
const NAMELESS: readonly string[] = ["event", "id", "retry"];

/** One space after the colon is none of the value. */
function splitField(line: string): [string, string] {
  const colon = line.indexOf(":");
  if (colon === -1) return [line, ""];
  return [line.slice(0, colon), line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1)];
}

function readFrame(data: string): StreamSign {
  const frame = tryParseJson(data);
  const type = getString(frame, "type");
  if (type === undefined) return { kind: "junk" };
  return { kind: "event", type, activityType: getString(get(frame, "data"), "activity_type") };
}

/** The type stands first; which kind of row it is stands somewhere, so that any row is taken for ours. */
function readCut(data: string): StreamSign {
  const [, type] = /^\s*\{\s*"type"\s*:\s*"([A-Z_]{1,60})"/.exec(data) ?? [];
  return type === undefined ? { kind: "junk" } : { kind: "event", type, activityType: undefined };
}
