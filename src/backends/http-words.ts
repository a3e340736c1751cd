/** What a server says of an error. */
import { asObject, get, getNumber, getString, tryParseJson } from "../shared/json.ts";
import type { HttpAnswer } from "./http-call.ts";

/** An error in the body of an answer. All of it is the server's own: see `said.ts`. */
export interface ServerError {
  /** The whole body where it has no words for it. */
  words: string;
  /** Empty where there is none, as are the others. */
  code: string;
  type: string;
  /** Which parameter it is about. */
  param: string;
}

/** `{"error":{…}}` of OpenAI and most others, `{"error":"…"}` of Ollama, `{"message"}`, `{"detail"}`. */
export function errorIn({ type, text, encoding }: HttpAnswer): ServerError {
  const none = { code: "", type: "", param: "" };
  if (encoding !== undefined) {
    return { ...none, words: `in the encoding ${encoding}, which was not asked for` };
  }
  if (isPage(type)) return { ...none, words: "a web page" };
  const body = tryParseJson(text);
  const error = asObject(get(body, "error")) ?? body;
  const words =
    getString(body, "error") ??
    getString(error, "message") ??
    getString(error, "detail") ??
    getString(body, "message") ??
    getString(body, "detail") ??
    text;
  return {
    words,
    code: getString(error, "code") ?? String(getNumber(error, "code") ?? ""),
    type: getString(error, "type") ?? "",
    param: getString(error, "param") ?? "",
  };
}

/** Whether a body of this media type is a page for people: a proxy's, or a login. */
export function isPage(media: string): boolean {
  return media === "text/html" || media === "application/xhtml+xml";
}
