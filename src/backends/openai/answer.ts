/** What an OpenAI-compatible server answers to a chat completion, and what of it is the answer. */
import { asObject, get, getArray, getString } from "../../shared/json.ts";

export type Completion =
  | { kind: "text"; text: string; /** The model had more to say. */ cut: boolean }
  /** It will not answer; `why` is the model's own words, where it has any. */
  | { kind: "refused"; why: string | undefined }
  /** It wants a tool, and there is none. */
  | { kind: "tools" }
  /** It came to an end without a word: `cut` where its limit of tokens was used up by thinking. */
  | { kind: "empty"; cut: boolean }
  /** No completion: `why` names what is missing. */
  | { kind: "broken"; why: string };

/**
 * Reads the body of a 200. Thoughts of the model never become an answer: the fields that hold them
 * (`reasoning_content`, `reasoning`, `thinking`) are not looked at, and the block at the start in which
 * local servers leave them is taken off. Never throws.
 */
export function readCompletion(body: unknown): Completion {
  const choices = getArray(body, "choices");
  if (choices === undefined) return { kind: "broken", why: "it names no choices" };
  const choice = asObject(choices[0]);
  if (choice === undefined) return { kind: "broken", why: "its list of choices is empty" };
  const message = asObject(get(choice, "message"));
  if (message === undefined) return { kind: "broken", why: "its choice has no message" };
  const reason = getString(choice, "finish_reason");
  const refusal = getString(message, "refusal") ?? refusalIn(get(message, "content"));
  if (reason === "content_filter" || refusal !== undefined) {
    return { kind: "refused", why: refusal };
  }
  const said = textOf(get(message, "content"));
  if (said === undefined) return { kind: "broken", why: "its message's content is no text" };
  const text = withoutThoughts(said).trim();
  const cut = reason === "length";
  if (text !== "") return { kind: "text", text, cut };
  const calls = getArray(message, "tool_calls") ?? [];
  return calls.length > 0 || get(message, "function_call")
    ? { kind: "tools" }
    : { kind: "empty", cut };
}

/** A text, or a list of parts of which the texts count; null is how "nothing" is written. */
function textOf(content: unknown): string | undefined {
  if (typeof content === "string") return content;
  if (content === null || content === undefined) return "";
  if (!Array.isArray(content)) return undefined;
  return content
    .map((part) => (get(part, "type") === "text" ? (getString(part, "text") ?? "") : ""))
    .join("");
}

function refusalIn(content: unknown): string | undefined {
  if (!Array.isArray(content)) return undefined;
  return getString(
    content.find((part) => get(part, "type") === "refusal"),
    "refusal",
  );
}

/**
 * Without the block of thoughts at its start; one that is not closed was cut, and is all there is. Where
 * the template of the model holds the opening tag, only the closing one comes, on a line of its own.
 */
function withoutThoughts(text: string): string {
  const start = text.trimStart();
  if (!start.startsWith(OPEN)) {
    const alone = CLOSE_ALONE.exec(text);
    return alone === null ? text : text.slice(alone.index + alone[0].length);
  }
  const end = start.indexOf(CLOSE);
  return end < 0 ? "" : start.slice(end + CLOSE.length);
}

const OPEN = "<think>";
const CLOSE = "</think>";
const CLOSE_ALONE = /^[ \t]*<\/think>[ \t]*$/m;
