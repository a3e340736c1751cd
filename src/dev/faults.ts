/** Faults on demand, between the door and the platform: what a client has to live with, at will. */
import type { Clock } from "../shared/clock.ts";
import { cutOff, hangUp } from "./broken-answers.ts";
import { Fault, type FaultSpec } from "./fault.ts";

/** So many can be there at a time, those that are over included. */
export const MAX_FAULTS = 100;

/** Where faults are given and taken back: struck by none. */
const OWN_PATHS = "/dev/";

const PAGE = `<!doctype html>
<html><head><title>Molecule</title></head><body><div id="root"></div></body></html>
`;

export class Faults {
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  #faults: Fault[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Adds a fault, in place of the oldest that is over; undefined when there are too many. */
  add(spec: FaultSpec): Fault | undefined {
    const now = this.#clock.monotonic();
    if (this.#faults.length >= MAX_FAULTS) {
      const over = this.#faults.findIndex((fault) => fault.isOver(now));
      if (over < 0) return undefined;
      this.#faults.splice(over, 1);
    }
    const fault = new Fault(spec, now);
    this.#faults.push(fault);
    return fault;
  }

  /** All of them, the oldest first, and what they have done. */
  list() {
    return this.#faults.map((fault) => this.show(fault));
  }

  show(fault: Fault) {
    return fault.show(this.#clock.monotonic());
  }

  /** Takes one back, or all; how many there were. */
  remove(id?: string): number {
    const before = this.#faults.length;
    this.#faults = id === undefined ? [] : this.#faults.filter((fault) => fault.id !== id);
    return before - this.#faults.length;
  }

  /** Ends all delays. */
  stop(): void {
    this.#stop.abort();
  }

  /**
   * Answers a request, as well as the faults let it. Each fault sees each request of its path, and all
   * delays add up; of the others the oldest that strikes decides.
   */
  async around(path: string, answer: () => Promise<Response>): Promise<Response> {
    if (path.startsWith(OWN_PATHS)) return answer();
    const now = this.#clock.monotonic();
    const striking = this.#faults.filter((fault) => fault.strikes(path, now)).map((f) => f.spec);
    const delay = striking.reduce((sum, { delay_ms }) => sum + delay_ms, 0);
    if (delay > 0) await this.#clock.sleep(delay, this.#stop.signal);
    const first = striking.find(({ kind }) => kind !== "delay");
    return first === undefined ? answer() : strike(first, answer);
  }
}

async function strike(spec: FaultSpec, answer: () => Promise<Response>): Promise<Response> {
  switch (spec.kind) {
    case "html":
      return new Response(PAGE, { headers: { "content-type": "text/html; charset=utf-8" } });
    case "empty":
      return new Response(null, { status: 404 });
    case "drop":
      return hangUp();
    case "lost":
      await (await answer()).body?.cancel();
      return hangUp();
    case "cut":
      return cutOff(await answer());
    default:
      return failure(spec);
  }
}

function failure({ kind, retry_after }: FaultSpec): Response {
  const error = kind === "429" ? "rate limit exceeded" : `fault on demand: ${kind}`;
  const more = retry_after === null ? {} : { retry_after };
  const headers = retry_after === null ? {} : { "Retry-After": String(retry_after) };
  return Response.json({ error, ...more }, { status: Number(kind), headers });
}
