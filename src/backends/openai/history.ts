/** What was said before in a conversation, for a model that remembers nothing by itself. */
import { asObject, get, getArray, tryParseJson } from "../../shared/json.ts";

/** One message and its answer. */
export interface Turn {
  /** The activity: a message that is run again replaces its turn. */
  id: string;
  user: string;
  assistant: string;
}

export interface HistoryLimits {
  turns: number;
  /** Of the texts of all turns together, as UTF-8. */
  bytes: number;
}

/** A later form of the entry gets a number of its own, and is not read as this one. */
const VERSION = 1;

/** The entry of a conversation in the memory of the backend. */
export function writeHistory(turns: readonly Turn[]): string {
  return JSON.stringify({ version: VERSION, turns });
}

/** The turns of an entry, oldest first; undefined where it is damaged or of another version. */
export function readHistory(entry: string): Turn[] | undefined {
  const parsed = tryParseJson(entry);
  if (get(parsed, "version") !== VERSION) return undefined;
  const turns = getArray(parsed, "turns")?.map(readTurn);
  return turns?.every((turn) => turn !== undefined) === true ? turns : undefined;
}

/**
 * The newest turns that the limits allow, oldest first. A turn stays or goes as a whole, and with it
 * all that are older: an answer without its question would mislead.
 */
export function fitHistory(turns: readonly Turn[], limits: HistoryLimits): Turn[] {
  let bytes = 0;
  let from = turns.length;
  for (const turn of turns.toReversed()) {
    bytes += Buffer.byteLength(turn.user) + Buffer.byteLength(turn.assistant);
    if (turns.length - from >= limits.turns || bytes > limits.bytes) break;
    from--;
  }
  return turns.slice(from);
}

/** The turns with this one as the newest; one of the same activity is replaced. */
export function withTurn(turns: readonly Turn[], turn: Turn, limits: HistoryLimits): Turn[] {
  return fitHistory([...without(turns, turn.id), turn], limits);
}

/** The turns less that of the activity. */
export function without(turns: readonly Turn[], id: string): Turn[] {
  return turns.filter((turn) => turn.id !== id);
}

/** The newer half, for a model that the whole is too much for. */
export function newerHalf(turns: readonly Turn[]): Turn[] {
  return turns.slice(Math.ceil(turns.length / 2));
}

function readTurn(value: unknown): Turn | undefined {
  const turn = asObject(value);
  const [id, user, assistant] = [get(turn, "id"), get(turn, "user"), get(turn, "assistant")];
  return typeof id === "string" && typeof user === "string" && typeof assistant === "string"
    ? { id, user, assistant }
    : undefined;
}
