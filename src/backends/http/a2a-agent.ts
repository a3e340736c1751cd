/** The calls to one A2A agent over JSON-RPC, in the version that it speaks. */
import {
  asObject,
  get,
  getNumber,
  getString,
  type JsonObject,
  tryParseJson,
} from "../../shared/json.ts";
import { type Address, findCard } from "./a2a-card.ts";
import { DIALECTS, type Draft, otherVersion, type Verb, type Version } from "./a2a-dialect.ts";
import type { BackendParts, Outcome } from "../backend.ts";
import { callHttp, type HttpAnswer, type HttpResult } from "../http-call.ts";
import { Limit } from "../http-limit.ts";
import { type HttpFailure, isGood, mayPass, outcomeOfFailure } from "./outcome.ts";
import { said } from "../said.ts";
import type { HttpSettings } from "./settings.ts";
import type { Standing } from "../standing.ts";

/** What became of one call. */
export type RpcResult =
  | { kind: "result"; result: unknown }
  /** `words`: the agent's own, fit for a reason. */
  | { kind: "error"; code: number; words: string }
  /** No answer in JSON-RPC. `passing`: the same call may fare better later. */
  | { kind: "failure"; outcome: Outcome; passing: boolean; retryAfterMs: number | undefined }
  /** The signal aborted. */
  | { kind: "ended" };

/** For which run a call is made. */
export interface CallOptions {
  signal: AbortSignal;
  /** Handed on as a header. */
  traceparent: string;
}

/** Errors of JSON-RPC, and of A2A (A2A specification 5.4). */
export const TASK_NOT_FOUND = -32001;
/** "Method not found" and "version not supported": it speaks another version, or no A2A. */
export const NOT_SPOKEN: ReadonlySet<number> = new Set([-32601, -32009]);

const CARD_DEADLINE_MS = 3_000;
/** A file of 25 MiB in base64, and what is around it. */
const MAX_BYTES = 40 * 1024 * 1024;

/** Statuses that mean the same whatever the body is. */
const PLAIN_STATUSES = new Set([401, 403, 407, 408, 425, 429, 502, 503, 504, 529]);

/** One for the life of the backend: it learns where and how the agent takes messages. Never throws. */
export class A2aAgent {
  readonly #settings: HttpSettings;
  readonly #parts: BackendParts;
  /** As the card says, or as it was found out; for the life of the process. */
  #address: Address | undefined;
  #lastId = 0;
  readonly #standing: Standing = { good: false };

  constructor(settings: HttpSettings, parts: BackendParts) {
    this.#settings = settings;
    this.#parts = parts;
  }

  /** Whether a card, or anything at all, is there to be read: for a look before the first message. */
  async look(signal: AbortSignal): Promise<HttpResult["kind"]> {
    const found = await findCard(this.#settings, signal, this.#parts);
    if (found.kind === "card" && this.#settings.protocol === "auto") this.#address = found.address;
    return found.kind === "unsent" || found.kind === "ended" ? found.kind : "answered";
  }

  /** Sends a message; where the agent does not know the method, in the other version, too. */
  async send(draft: Draft, options: CallOptions): Promise<{ version: Version; answer: RpcResult }> {
    const address = await this.#find(options.signal);
    if ("kind" in address) return { version: "0.3", answer: address };
    const { version } = address;
    const paramsFor = (v: Version) => DIALECTS[v].sendParams(draft);
    const answer = await this.#call(address, "send", paramsFor, options);
    const isOther = answer.kind === "error" && NOT_SPOKEN.has(answer.code);
    if (!isOther || this.#settings.protocol !== "auto") {
      if (answer.kind === "result") this.#address = address;
      return { version, answer };
    }
    const other = { ...address, version: otherVersion(version) };
    const second = await this.#call(other, "send", paramsFor, options);
    if (second.kind === "result") this.#address = other;
    const isKnown = second.kind !== "error" || !NOT_SPOKEN.has(second.code);
    return isKnown ? { version: other.version, answer: second } : { version, answer };
  }

  /** `get` or `cancel` of a task, in the version in which it was made. */
  async task(
    verb: "get" | "cancel",
    version: Version,
    params: JsonObject,
    options: CallOptions,
  ): Promise<RpcResult> {
    const address = await this.#find(options.signal);
    if ("kind" in address) return address;
    return this.#call({ ...address, version }, verb, () => params, options);
  }

  async #find(
    signal: AbortSignal,
  ): Promise<Address | Extract<RpcResult, { kind: "failure" | "ended" }>> {
    if (this.#address !== undefined) return this.#address;
    const { url, protocol } = this.#settings;
    if (protocol !== "auto") return { url, version: protocol, tenant: undefined };
    using limit = new Limit(this.#parts.clock, CARD_DEADLINE_MS, signal);
    const found = await findCard(this.#settings, limit.signal, this.#parts);
    switch (found.kind) {
      case "card":
        this.#address = found.address;
        return found.address;
      case "unsent":
        return this.#failure(this.#outcomeOf(found, "send"), true);
      case "ended":
        if (!limit.expired) return found;
        return { url, version: "0.3", tenant: undefined };
      case "none": {
        const address: Address = { url, version: "0.3", tenant: undefined };
        // It is looked for once only, if it is not there.
        if (found.sure) this.#address = address;
        return address;
      }
    }
  }

  async #call(
    { url, version, tenant }: Address,
    verb: Verb,
    paramsFor: (version: Version) => JsonObject,
    { signal, traceparent }: CallOptions,
  ): Promise<RpcResult> {
    const dialect = DIALECTS[version];
    const id = ++this.#lastId;
    const params = tenant === undefined ? paramsFor(version) : { tenant, ...paramsFor(version) };
    const body = JSON.stringify({ jsonrpc: "2.0", id, method: dialect.methods[verb], params });
    const headers = {
      accept: "application/json",
      ...this.#settings.headers,
      "content-type": "application/json",
      traceparent,
      ...dialect.headers,
    };
    const request = { method: "POST", url, headers, body, maxBytes: MAX_BYTES } as const;
    return this.#read(await callHttp(request, signal, this.#parts), id, verb);
  }

  #read(result: HttpResult, id: number, verb: Verb): RpcResult {
    if (result.kind === "ended") return result;
    const { secrets } = this.#parts;
    const isReadable =
      result.kind === "answered" &&
      result.encoding === undefined &&
      !result.cut &&
      !PLAIN_STATUSES.has(result.status);
    const answer = isReadable ? rpcIn(result.text) : undefined;
    const error = asObject(get(answer, "error"));
    // An error may have lost the id of what it could not read; servers differ in its status.
    if (error !== undefined && (isOurs(answer, id) || get(answer, "id") == null)) {
      const words = said(getString(error, "message") ?? "no explanation", secrets);
      return { kind: "error", code: getNumber(error, "code") ?? 0, words };
    }
    if (result.kind !== "answered" || !isGood(result)) {
      const retryAfterMs = result.kind === "answered" ? result.retryAfterMs : undefined;
      return this.#failure(this.#outcomeOf(result, verb), mayPass(result), retryAfterMs);
    }
    if (answer === undefined) return this.#failed(this.#unreadable(result), UNREADABLE);
    const { shown } = this.#settings;
    if (!isOurs(answer, id)) {
      return this.#failed(
        `${shown} answered another request than the one that was sent`,
        UNREADABLE,
      );
    }
    const found = get(answer, "result");
    if (asObject(found) !== undefined) {
      this.#standing.good = true;
      return { kind: "result", result: found };
    }
    return this.#failed(`${shown} answered with neither a result nor an error`, UNREADABLE);
  }

  #outcomeOf(failure: HttpFailure, verb: Verb): Outcome {
    // What is not sent with the message is refused for another reason than its words.
    const standing = verb === "send" ? this.#standing : { good: false };
    return outcomeOfFailure(failure, this.#settings, this.#parts.secrets, standing);
  }

  /** Why a good status is no good answer. */
  #unreadable({ status, type, text, cut }: HttpAnswer): string {
    const { shown } = this.#settings;
    if (cut) return `${shown} answered with more than ${MAX_BYTES / 1024 / 1024} MiB`;
    if (text.trim() === "") return `${shown} answered ${status} with nothing in it`;
    const what =
      type === "text/html"
        ? "a web page"
        : `what is no answer of JSON-RPC (${said(text, this.#parts.secrets)})`;
    return `${shown} answered ${status} with ${what}: is it the address of an A2A agent? --backend-opt format=raw is for others`;
  }

  #failed(reason: string, told: string): RpcResult {
    return this.#failure({ kind: "failed", reason, told }, false);
  }

  #failure(outcome: Outcome, passing: boolean, retryAfterMs?: number) {
    return { kind: "failure", outcome, passing, retryAfterMs } as const;
  }
}

const UNREADABLE = "the agent gave an answer that can't be read";

/** The answer as JSON-RPC; undefined where it is anything else. */
function rpcIn(text: string): JsonObject | undefined {
  const answer = asObject(tryParseJson(text));
  const isRpc = get(answer, "result") !== undefined || get(answer, "error") !== undefined;
  return isRpc ? answer : undefined;
}

/** Some servers give a number back as text. */
function isOurs(answer: unknown, id: number): boolean {
  const given = get(answer, "id");
  return (typeof given === "number" || typeof given === "string") && String(given) === String(id);
}
