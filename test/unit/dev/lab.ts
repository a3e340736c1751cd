/** A platform of one's own for a test: in memory, on a free port, with a clock moved by hand. */
import { startDevPlatform, type DevOptions, type DevPlatform } from "../../../src/dev/server.ts";
import type { Clock } from "../../../src/shared/clock.ts";

export interface Answer {
  status: number;
  headers: Headers;
  // The tests look into answers of every shape; what they expect of one they say there.
  body: any;
}

export interface Ask {
  token?: string | undefined;
  headers?: { [name: string]: string };
  body?: unknown;
  /** Sent as it is, in place of `body`. */
  raw?: string;
}

export interface Member {
  id: string;
  token: string;
}

export class ManualClock implements Clock {
  time = Date.UTC(2026, 0, 1);
  #sleepers: { until: number; wake: () => void }[] = [];

  now = () => this.time;
  monotonic = () => this.time;

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      this.#sleepers.push({ until: this.time + ms, wake: resolve });
      signal?.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  advance(ms: number): void {
    this.time += ms;
    const due = this.#sleepers.filter(({ until }) => until <= this.time);
    this.#sleepers = this.#sleepers.filter(({ until }) => until > this.time);
    for (const { wake } of due) wake();
  }

  /** How many wait for this clock. */
  get sleepers(): number {
    return this.#sleepers.length;
  }
}

export class Lab implements AsyncDisposable {
  readonly platform: DevPlatform;
  readonly clock: ManualClock;

  constructor(platform: DevPlatform, clock: ManualClock) {
    this.platform = platform;
    this.clock = clock;
  }

  get events() {
    return this.platform.events;
  }

  get admin(): string {
    return this.platform.adminToken;
  }

  async ask(method: string, path: string, ask: Ask = {}): Promise<Answer> {
    const { token, headers = {}, body, raw } = ask;
    const text = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(this.platform.url + path, {
      method,
      redirect: "manual",
      headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers },
      ...(text === undefined ? {} : { body: text }),
    });
    return { status: response.status, headers: response.headers, body: await bodyOf(response) };
  }

  get = (path: string, ask?: Ask) => this.ask("GET", path, ask);
  post = (path: string, ask?: Ask) => this.ask("POST", path, ask);

  /** A poll workspace, made the way an operator makes one. */
  async member(name: string, more: { [key: string]: unknown } = {}): Promise<Member> {
    const body = { name, external: true, delivery_mode: "poll", ...more };
    const answer = await this.post("/workspaces", { token: this.admin, body });
    return { id: answer.body.id, token: answer.body.connection?.auth_token ?? "" };
  }

  /** Sends a text from one workspace, or from the canvas user, to another. */
  send(from: Member | "canvas", to: { id: string }, text: string, messageId?: string) {
    const token = from === "canvas" ? this.admin : from.token;
    return this.post(`/workspaces/${to.id}/a2a`, { token, body: messageSend(text, messageId) });
  }

  async feed({ id, token }: Member, query = ""): Promise<any[]> {
    return (await this.get(`/workspaces/${id}/activity${query}`, { token })).body;
  }

  async show({ id }: { id: string }): Promise<any> {
    return (await this.get(`/workspaces/${id}?include_removed=true`)).body;
  }

  patch = (path: string, ask?: Ask) => this.ask("PATCH", path, ask);
  delete = (path: string, ask?: Ask) => this.ask("DELETE", path, ask);

  /** A token of the organisation. */
  async orgToken(): Promise<string> {
    const answer = await this.post("/org/tokens", { token: this.admin, body: { name: "test" } });
    return answer.body.auth_token;
  }

  remove({ id }: { id: string }, name: string) {
    const headers = { "x-confirm-name": name };
    return this.ask("DELETE", `/workspaces/${id}`, { token: this.admin, headers });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.platform.stop();
  }
}

/** The JSON of an answer; what is none, as text. */
async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export async function lab(options: Partial<DevOptions> = {}): Promise<Lab> {
  const clock = new ManualClock();
  const given = { port: 0, db: ":memory:", rateLimit: 0, clock, ...options };
  return new Lab(await startDevPlatform(given), clock);
}

export function messageSend(text: string, messageId?: string) {
  const message = {
    role: "user",
    parts: [{ kind: "text", text }],
    ...(messageId === undefined ? {} : { messageId }),
  };
  return { jsonrpc: "2.0", id: "1", method: "message/send", params: { message } };
}

export const NOBODY = "00000000-0000-4000-8000-000000000000";
export const CARD = { name: "test" };
