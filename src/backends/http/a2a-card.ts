/** The agent card: which version of A2A an agent speaks, and at which path. */
import {
  asObject,
  get,
  getArray,
  getString,
  type JsonObject,
  tryParseJson,
} from "../../shared/json.ts";
import { isLoopback } from "../../shared/proxy.ts";
import type { Version } from "./a2a-dialect.ts";
import type { BackendParts } from "../backend.ts";
import { callHttp, type HttpResult } from "../http-call.ts";
import { isGood, mayPass } from "./outcome.ts";
import type { HttpSettings } from "./settings.ts";

/** Where and how an agent takes messages. */
export interface Address {
  url: URL;
  version: Version;
  /** Of a server with many (1.0, 4.4.6): to be sent with each call. */
  tenant: string | undefined;
}

/** What the search for a card found. */
export type CardReading =
  | { kind: "card"; address: Address }
  /** `sure`: it has none. Else it may have one later. */
  | { kind: "none"; sure: boolean }
  | Extract<HttpResult, { kind: "unsent" | "ended" }>;

/** In 1.0, and in the days before. */
const NAMES = ["agent-card.json", "agent.json"];
const MAX_BYTES = 1024 * 1024;

/**
 * Looks for the card below the url and at its origin. One that lies below the url speaks for it, path
 * and all; no card leads to another origin. Never throws.
 */
export async function findCard(
  { url, headers }: Pick<HttpSettings, "url" | "headers">,
  signal: AbortSignal,
  parts: Pick<BackendParts, "clock" | "env">,
): Promise<CardReading> {
  const base = url.pathname.replace(/\/+$/, "");
  let sure = true;
  for (const prefix of new Set([base, ""])) {
    for (const name of NAMES) {
      const at = new URL(url.origin);
      at.pathname = `${prefix}/.well-known/${name}`;
      const result = await callHttp(
        {
          method: "GET",
          url: at,
          headers: { accept: "application/json", ...headers },
          maxBytes: MAX_BYTES,
        },
        signal,
        parts,
      );
      if (result.kind === "unsent" || result.kind === "ended") return result;
      const card = result.kind === "answered" && isGood(result) ? objectIn(result.text) : undefined;
      const address = card === undefined ? undefined : addressOf(card, url, prefix === base);
      if (address !== undefined) return { kind: "card", address };
      if (mayPass(result)) sure = false;
    }
  }
  return { kind: "none", sure };
}

interface Interface {
  version: Version;
  url: URL | null;
  tenant: string | undefined;
}

/** Undefined where the card names no version that we speak. `own`: it lies below the url. */
function addressOf(card: JsonObject, url: URL, own: boolean): Address | undefined {
  const interfaces = [...newInterfaces(card), ...oldInterfaces(card)];
  const near = interfaces.filter((one) => one.url !== null && isSamePlace(one.url, url));
  // What the operator wrote is right about the path, unless the card lies below it.
  const chosen = near.find((one) => one.url?.pathname === url.pathname) ?? near[0] ?? interfaces[0];
  if (chosen === undefined) return undefined;
  const { version, tenant } = chosen;
  if (!own || chosen.url === null || !near.includes(chosen)) return { url, version, tenant };
  const there = new URL(url);
  there.pathname = chosen.url.pathname;
  if (chosen.url.search !== "") there.search = chosen.url.search;
  return { url: there, version, tenant };
}

/** 1.0 first, as the list is in the agent's own order of preference. */
function newInterfaces(card: JsonObject): Interface[] {
  const found = (getArray(card, "supportedInterfaces") ?? []).flatMap((entry) => {
    const version = versionOf(getString(entry, "protocolVersion"));
    const isRpc = /^jsonrpc$/i.test(getString(entry, "protocolBinding") ?? "");
    if (!isRpc || version === undefined) return [];
    const tenant = getString(entry, "tenant");
    return [{ version, url: URL.parse(getString(entry, "url") ?? ""), tenant }];
  });
  return found.sort((a, b) => b.version.localeCompare(a.version));
}

function oldInterfaces(card: JsonObject): Interface[] {
  const version = versionOf(getString(card, "protocolVersion") ?? "0.3");
  const own = getString(card, "url");
  if (version === undefined || own === undefined) return [];
  const transport = getString(card, "preferredTransport") ?? "JSONRPC";
  const all = [{ url: own, transport }, ...(getArray(card, "additionalInterfaces") ?? [])];
  return all.flatMap((entry) =>
    /^jsonrpc$/i.test(getString(entry, "transport") ?? "")
      ? [{ version, url: URL.parse(getString(entry, "url") ?? ""), tenant: undefined }]
      : [],
  );
}

/** 0.2 and 0.3 differ in nothing that we say. */
function versionOf(written: string | undefined): Version | undefined {
  if (written === undefined) return undefined;
  if (/^1(\.|$)/.test(written)) return "1.0";
  return /^0(\.|$)/.test(written) ? "0.3" : undefined;
}

/** A card says `localhost` or `0.0.0.0` for the machine that the operator calls 127.0.0.1. */
function isSamePlace(one: URL, other: URL): boolean {
  if (one.origin === other.origin) return true;
  const isLocal = ({ hostname }: URL) => isLoopback(hostname) || hostname === "0.0.0.0";
  return (
    one.protocol === other.protocol && one.port === other.port && isLocal(one) && isLocal(other)
  );
}

function objectIn(text: string): JsonObject | undefined {
  const card = asObject(tryParseJson(text));
  return (get(card, "supportedInterfaces") ?? get(card, "url")) ? card : undefined;
}
