/** Messages to agents in push mode: a synchronous POST to their address (contract 2.4.5, 5.3). */
import { request as requestHttp, type IncomingMessage } from "node:http";
import { request as requestHttps } from "node:https";
import { messageOf } from "../shared/errors.ts";
import { readText } from "./body.ts";

/** An answer of an agent may be this long (R2). */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** However alive the agent is, nobody waits longer for it (R2). */
const CEILING_MS = 30 * 60_000;

export interface PushOrder {
  url: string;
  /** The `platform_inbound_secret` of the agent: how it knows that it is us. */
  secret: string;
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

  /**
   * Sends one message, and lets `settle` write down the outcome before anyone hears of it: a sender
   * that hangs up ends neither. Rejects only with what `settle` throws.
   */
  run(order: PushOrder, settle: (outcome: PushOutcome) => void): Promise<PushOutcome> {
    const running = dispatch(order, this.#stop.signal).then((outcome) => {
      settle(outcome);
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
}

async function dispatch(order: PushOrder, stop: AbortSignal): Promise<PushOutcome> {
  const deadline = AbortSignal.timeout(Math.min(order.timeoutMs ?? CEILING_MS, CEILING_MS));
  let answer: IncomingMessage;
  try {
    answer = await post(order, AbortSignal.any([stop, deadline]));
  } catch (error) {
    return failure(502, "failed to reach workspace agent", {}, messageOf(error));
  }
  const status = answer.statusCode ?? 502;
  let text: string | undefined;
  try {
    text = await readText(answer, MAX_ANSWER_BYTES);
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
      authorization: `Bearer ${order.secret}`,
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
