/** What an audit knows of a workspace. */
import { get, getString, type JsonObject } from "../../shared/json.ts";
import { parseTimestamp } from "../../shared/timestamp.ts";
import type { Level, Said } from "./finding.ts";

/** A list is undefined where the platform did not show it. */
export interface Facts {
  row: JsonObject;
  /** The others that are known, itself among them or not. */
  others: readonly JsonObject[];
  /** `others` are all that there are. */
  complete: boolean;
  delegations: readonly JsonObject[] | undefined;
  tokens: readonly JsonObject[] | undefined;
  /** The platform's clock, in milliseconds. */
  now: number;
}

/** Runtimes whose agent runs elsewhere, with its operator (contract 1.1). */
const EXTERNAL = ["external", "kimi", "kimi-cli"];
const AT_WORK = ["online", "degraded"];

export function idOf(row: JsonObject): string {
  return getString(row, "id") ?? "";
}

export function isExternal(row: JsonObject): boolean {
  return EXTERNAL.includes(getString(row, "runtime") ?? "");
}

export function isAtWork(row: JsonObject): boolean {
  return AT_WORK.includes(getString(row, "status") ?? "");
}

/** Milliseconds since 1970 of an RFC 3339 time under a key. */
export function timeOf(row: unknown, key: string): number | undefined {
  const ns = parseTimestamp(get(row, key));
  return ns === undefined ? undefined : Number(ns / 1_000_000n);
}

/** One finding, as a list of findings. */
export function say(level: Level, check: string, finding: string, action: string): Said[] {
  return [{ level, check, finding, action }];
}
