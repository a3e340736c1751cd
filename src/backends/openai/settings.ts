/** What the options of the openai backend say, checked before anything is sent. */
import { UsageError } from "../../shared/errors.ts";
import { isLoopback } from "../../shared/proxy.ts";
import { storable } from "../../shared/text.ts";
import type { BackendParts, OptionValues } from "../backend.ts";
import type { HistoryLimits } from "./history.ts";
import type { ChatSettings } from "./request.ts";
import {
  type AddressOption,
  givenTwice,
  headerValue,
  readAddress,
  readHeaders,
} from "../http-login.ts";
import { resolveText } from "../option-text.ts";

export interface OpenaiSettings extends ChatSettings {
  /** Without credentials and fragment; a query is kept. */
  base: URL;
  /** It as messages may show it: a query may hold a key. */
  shown: string;
  /** Whether it is on this machine, where a model costs nothing. */
  local: boolean;
  /** What logs in, and the operator's own headers, by lower-case name. */
  headers: Record<string, string>;
  history: HistoryLimits;
  timeoutMs: number;
  /** Bytes of text. */
  maxAnswer: number;
}

/** Throws a UsageError that names the option and what is wrong with it. Learns the secrets in them. */
export function readOpenaiSettings(
  options: OptionValues,
  parts: Pick<BackendParts, "env" | "secrets">,
): OpenaiSettings {
  const base = readBase(String(options.base_url), parts);
  const text = (key: string) =>
    options[key] === undefined ? undefined : resolveText(key, String(options[key]), parts);
  const systemPrompt = text("system_prompt");
  return {
    base,
    shown: `${base.origin}${base.pathname}`.replace(/\/$/, ""),
    local: isLoopback(base.hostname),
    headers: readLogin(options, text("api_key"), parts),
    model: String(options.model),
    systemPrompt: systemPrompt === undefined ? undefined : storable(systemPrompt),
    temperature: options.temperature === undefined ? undefined : Number(options.temperature),
    maxTokens: options.max_tokens === undefined ? undefined : Number(options.max_tokens),
    images: options.images === true,
    history: { turns: Number(options.history), bytes: Number(options.history_budget) },
    timeoutMs: Number(options.timeout),
    maxAnswer: Number(options.max_answer),
  };
}

/** The address of one of the server's services: `chat/completions`, `models`. */
export function endpoint({ base }: Pick<OpenaiSettings, "base">, path: string): URL {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/${path}`;
  return url;
}

const BASE_OPTION: AddressOption = {
  backend: "openai",
  name: "base_url",
  hint: "for Ollama on this machine leave it out; others look like https://api.example.com/v1",
};

function readBase(text: string, { secrets }: Pick<BackendParts, "secrets">): URL {
  const url = readAddress(BASE_OPTION, text, secrets);
  const wrong = (why: string, hint: string) =>
    new UsageError(`option base_url of the openai backend ${why}`, hint);
  if (url.username !== "" || url.password !== "") {
    throw wrong(
      "must not hold a user name or password",
      "give the key as --backend-opt api_key=env:NAME",
    );
  }
  if (/\/chat\/completions\/*$/.test(url.pathname)) {
    throw wrong(
      "must end before /chat/completions, which is added to it",
      "most often it ends in /v1",
    );
  }
  url.pathname = url.pathname.replace(/\/+$/, "");
  return url;
}

function readLogin(
  options: OptionValues,
  key: string | undefined,
  parts: Pick<BackendParts, "env" | "secrets">,
): Record<string, string> {
  const headers = readHeaders("openai", options, parts);
  if (key === undefined) return headers;
  if (headers["authorization"] !== undefined) throw givenTwice("openai", "authorization");
  return { authorization: headerValue("api_key", `Bearer ${key}`), ...headers };
}
