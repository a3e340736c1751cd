/** Which models an OpenAI-compatible server has. */
import { getArray, getString, tryParseJson } from "../../shared/json.ts";
import { oneLine } from "../../shared/text.ts";
import type { BackendParts } from "../backend.ts";
import { callHttp, type HttpResult } from "../http-call.ts";
import { Limit } from "../http-limit.ts";
import { endpoint, type OpenaiSettings } from "./settings.ts";

/** How long the list may take: nothing depends on it. */
const LIST_MS = 3_000;
const LIST_BYTES = 4 * 1024 * 1024;

export type ModelList =
  | { kind: "models"; names: string[] }
  /** The server answered with something else: many have no such list. */
  | { kind: "unknown"; status: number }
  /** There is no server, or it does not answer in time; `words` says how. */
  | { kind: "away"; words: string };

/** Asks for it. Never throws. */
export async function listModels(
  settings: Pick<OpenaiSettings, "base" | "headers">,
  parts: Pick<BackendParts, "clock" | "env" | "secrets">,
  signal?: AbortSignal,
): Promise<ModelList> {
  using limit = new Limit(parts.clock, LIST_MS, signal);
  const url = endpoint(settings, "models");
  const headers = { ...settings.headers, accept: "application/json" };
  const call = { method: "GET" as const, url, headers, maxBytes: LIST_BYTES };
  return read(await callHttp(call, limit.signal, parts), parts);
}

function read(result: HttpResult, { secrets }: Pick<BackendParts, "secrets">): ModelList {
  switch (result.kind) {
    case "ended":
      return { kind: "away", words: "it does not answer" };
    case "unsent":
    case "lost":
      return { kind: "away", words: result.words };
    case "elsewhere":
      return { kind: "unknown", status: 300 };
    case "answered": {
      const names = result.status === 200 ? namesIn(result.text) : undefined;
      if (names === undefined) return { kind: "unknown", status: result.status };
      return { kind: "models", names: names.map((name) => oneLine(secrets.mask(name), 100)) };
    }
  }
}

function namesIn(text: string): string[] | undefined {
  return getArray(tryParseJson(text), "data")?.flatMap((model) => getString(model, "id") ?? []);
}
