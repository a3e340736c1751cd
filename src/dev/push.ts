/** Messages to agents in push mode: a synchronous POST to their address (contract 2.4.5, 5.3). */
import { request as requestHttp, type IncomingMessage } from "node:http";
import { request as requestHttps } from "node:https";
import { LATE, within, type Clock } from "../shared/clock.ts";
import { messageOf } from "../shared/errors.ts";
import { readText } from "./body.ts";
import type { PushRules } from "./revision.ts";

/** However alive the agent is, nobody waits longer for it. */
const CEILING_MS = 30 * 60_000;

export interface PushOrder {
  url: string;
  /** The `platform_inbound_secret` of the agent, where it is shown: how it knows that it is us. */
  secret: string | undefined;
  body: string;
  /** The sender's own deadline (`X-Timeout`). */
  timeoutMs: number | undefined;
}

/** What became of a push: the answer for the sender, and the words for the log when it failed. */
export interface PushOutcome {
  status: number;
  /** JSON text, passed on as it came where the agent answered. */
  body: string;
  error: string | undefined;
}

/** Runs pushes and ends them when the platform stops. */
export class Pushes {
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<unknown>>();
  readonly #rules: PushRules;
  readonly #clock: Clock;

  constructor(rules: PushRules, clock: Clock) {
    this.#rules = rules;
    this.#clock = clock;
  }

  /**
   * Sends one message, and lets `settle` write down the outcome before anyone hears of it: a sender
   * that hangs up ends neither. Rejects only with what `settle` throws.
   */
  run(order: PushOrder, settle: (outcome: PushOutcome) => Promise<void>): Promise<PushOutcome> {
    const running = this.#dispatch(order).then(async (outcome) => {
      await settle(outcome);
      return outcome;
    });
    this.#running.add(running);
    const ended = () => this.#running.delete(running);
    running.then(ended, ended);
    return running;
  }

  /** Ends what is running; resolves when the last of it is written down. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#running);
  }

  async #dispatch(order: PushOrder): Promise<PushOutcome> {
    let answer: IncomingMessage;
    try {
      answer = await this.#post(order);
    } catch (error) {
      return failure(502, "failed to reach workspace agent", {}, messageOf(error));
    }
    const status = answer.statusCode ?? 502;
    let text: string | undefined;
    try {
      text = await readText(answer, this.#rules.maxAnswerBytes);
    } catch {
      text = undefined;
    }
    if (status >= 300) return failure(passable(status), `workspace agent answered ${status}`);
    if (text === undefined) {
      return failure(502, "failed to read agent response", { delivery_confirmed: true });
    }
    if (text.trim() === "") {
      return failure(passable(status), "agent returned empty response body");
    }
    return { status, body: text, error: undefined };
  }

  async #post(order: PushOrder): Promise<IncomingMessage> {
    const { headersMs } = this.#rules;
    const deadline = AbortSignal.timeout(Math.min(order.timeoutMs ?? CEILING_MS, CEILING_MS));
    const noHeaders = new AbortController();
    const signal = AbortSignal.any([this.#stop.signal, deadline, noHeaders.signal]);
    const answer = post(order, signal);
    if (headersMs === undefined) return answer;
    const first = await within(this.#clock, headersMs, answer);
    if (first !== LATE) return first;
    noHeaders.abort();
    throw new Error("the agent sent no answer in time");
  }
}

/**
 * node:http and not fetch: a loopback address must not go through the HTTP proxy of the
 * environment, redirects are not followed, and no hidden deadline ends a long task.
 */
function post(order: PushOrder, signal: AbortSignal): Promise<IncomingMessage> {
  const send = order.url.startsWith("https:") ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const headers = {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(order.body),
      ...(order.secret === undefined ? {} : { authorization: `Bearer ${order.secret}` }),
    };
    send(order.url, { method: "POST", headers, signal }, resolve)
      .on("error", reject)
      .end(order.body);
  });
}

/** Statuses that allow no body would swallow ours. */
function passable(status: number): number {
  if (status === 204 || status === 205) return 200;
  return status === 304 || status > 599 ? 502 : status;
}

function failure(
  status: number,
  error: string,
  more: { [key: string]: unknown } = {},
  detail = error,
): PushOutcome {
  return { status, body: JSON.stringify({ error, ...more }), error: detail };
}
