/** A bridge in push mode inside the test's process, and requests to it as a platform makes them. */
import type { Backend } from "../../../src/backends/backend.ts";
import { Allowance } from "../../../src/bridge/allowance.ts";
import type { BridgeEvent } from "../../../src/bridge/events.ts";
import { OpenRequests } from "../../../src/bridge/open-requests.ts";
import type { BridgeParts } from "../../../src/bridge/parts.ts";
import { PlatformClient } from "../../../src/platform/client.ts";
import { parseApiUrl } from "../../../src/platform/api-url.ts";
import { Token } from "../../../src/platform/token.ts";
import type { PushOptions } from "../../../src/push/parts.ts";
import { runPushBridge } from "../../../src/push/push-bridge.ts";
import { systemClock, type Clock } from "../../../src/shared/clock.ts";
import { Secrets } from "../../../src/shared/secrets.ts";
import { LocalStore } from "../../../src/store/local.ts";
import type { Memory, MemoryLimits, Store } from "../../../src/store/store.ts";
import { backendOf, OPTIONS, type EventOf } from "../../harness/bridge.ts";
import { freePort } from "../../harness/port.ts";
import { TOKEN, WORKSPACE, type ScriptedPlatform } from "../../harness/scripted-platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { Bell } from "../../harness/wait.ts";

export const SECRET = "inbound-secret-of-the-platform-0123456789";

/** A platform that hands out an inbound secret, as both revisions do. */
export function withSecret(platform: ScriptedPlatform, secret = () => SECRET): ScriptedPlatform {
  const more = () => ({ platform_inbound_secret: secret() });
  platform.on("register", () =>
    Response.json({ status: "registered", delivery_mode: "push", ...more() }),
  );
  return platform.on("heartbeat", () => Response.json({ status: "ok", ...more() }));
}

export interface PushUnderTest {
  options?: Partial<PushOptions>;
  backend?: Backend;
  clock?: Clock;
  stateDir?: string;
  store?: (store: Store) => Store;
  endLeftovers?: BridgeParts["endLeftovers"];
  /** What is told before it is registered; a path, say. */
  publicPath?: string;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  // The tests look into answers of every shape; what they expect of one they say there.
  body: any;
}

export class TestPush implements AsyncDisposable {
  readonly events: BridgeEvent[] = [];
  readonly secrets = new Secrets();
  readonly stateDir: string;
  readonly port = freePort();
  /** How the run ended; `undefined` for well. Never rejects. */
  readonly ended: Promise<unknown>;
  readonly #platform: ScriptedPlatform;
  readonly #bell = new Bell();
  readonly #drain = new AbortController();
  readonly #now = new AbortController();
  readonly #folder = tmpFolder();

  constructor(platform: ScriptedPlatform, setup: PushUnderTest = {}) {
    this.#platform = platform;
    this.stateDir = setup.stateDir ?? this.#folder.path;
    this.ended = this.#run(setup).then(
      () => undefined,
      (error: unknown) => error ?? new Error("rejected with nothing"),
    );
  }

  static async start(platform: ScriptedPlatform, setup: PushUnderTest = {}): Promise<TestPush> {
    const bridge = new TestPush(platform, setup);
    await bridge.until("connected");
    return bridge;
  }

  of<T extends BridgeEvent["type"]>(type: T): EventOf<T>[] {
    return this.events.filter((e): e is EventOf<T> => e.type === type);
  }

  /** Resolves once `count` events of this type were told. Rejects if the run ends before. */
  async until(type: BridgeEvent["type"], count = 1): Promise<void> {
    const condition = () => this.of(type).length >= count;
    const early = this.ended.then((error) => {
      if (!condition()) throw error ?? new Error(`the bridge ended before ${count} × ${type}`);
    });
    await Promise.race([this.#bell.until(condition, `${count} × ${type}`), early]);
  }

  /** The address that the platform was told, as it is reached from here. */
  get url(): string {
    return this.#platform.calls("register").at(-1)?.body.url;
  }

  /** A request to the secret path, or to another. */
  async post(
    body: unknown,
    { headers = {}, url = this.url, method = "POST" }: Ask = {},
  ): Promise<Answer> {
    const raw = typeof body === "string" ? body : JSON.stringify(body);
    const response = await fetch(url, {
      method,
      headers: { "content-type": "application/json", ...headers },
      ...(method === "GET" ? {} : { body: raw }),
    });
    const text = await response.text();
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      parsed = undefined;
    }
    return { status: response.status, headers: response.headers, text, body: parsed };
  }

  /** A text as a platform pushes it; resolves with the text of the answer. */
  async say(text: string, message: { [field: string]: unknown } = {}): Promise<string> {
    const { body } = await this.post(saying(text, message));
    return body?.result?.parts?.[0]?.text ?? JSON.stringify(body);
  }

  drain(): void {
    this.#drain.abort();
  }

  cut(): void {
    this.#now.abort();
  }

  /** Like a first signal; resolves with how the run ended. */
  async stop(): Promise<unknown> {
    this.drain();
    return this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.drain();
    this.cut();
    await this.ended;
    this.#folder[Symbol.dispose]();
  }

  async #run({ publicPath = "", ...setup }: PushUnderTest): Promise<void> {
    const clock = setup.clock ?? systemClock;
    const token = new Token(this.secrets, TOKEN, "the test");
    const apiUrl = parseApiUrl(this.#platform.url);
    const client = new PlatformClient({
      baseUrl: apiUrl,
      workspaceId: WORKSPACE,
      identity: WORKSPACE,
      orgId: undefined,
      userAgent: "molecule/test",
      token: () => token.value,
      clock,
      secrets: this.secrets,
    });
    const opened = new LocalStore(this.stateDir, WORKSPACE, { clock });
    await runPushBridge(
      {
        ...OPTIONS,
        isProxied: false,
        listen: { hostname: "127.0.0.1", port: this.port },
        publicUrl: new URL(`http://127.0.0.1:${this.port}${publicPath}`),
        apiUrl,
        ...setup.options,
      },
      {
        platform: client,
        backend: setup.backend ?? backendOf(),
        store: setup.store?.(opened) ?? opened,
        endLeftovers: setup.endLeftovers ?? (async () => 0),
        token,
        clock,
        releaseMemory: () => {},
        random: () => 0.01,
        allowance: new Allowance(clock),
        requests: new OpenRequests(),
        secrets: this.secrets,
        emit: (event) => {
          this.events.push(event);
          this.#bell.ring();
        },
      },
      this.#drain.signal,
      this.#now.signal,
    );
  }
}

interface Ask {
  headers?: { [name: string]: string };
  url?: string;
  method?: string;
}

let sent = 0;

/** A `message/send` as the platform pushes it, with an id of its own unless one is given. */
export function saying(text: string, message: { [field: string]: unknown } = {}) {
  sent += 1;
  const whole = {
    role: "user",
    messageId: `sent-${sent}`,
    parts: [{ kind: "text", text }],
    ...message,
  };
  return { jsonrpc: "2.0", id: "r1", method: "message/send", params: { message: whole } };
}

export const bearer = (secret = SECRET) => ({ headers: { authorization: `Bearer ${secret}` } });

/** A memory for as long as the test lasts. */
export class TestMemory implements Memory {
  readonly kept = new Map<string, string>();

  async recall(key: string): Promise<string | undefined> {
    return this.kept.get(key);
  }

  async remember(key: string, value: string | undefined): Promise<void> {
    if (value === undefined) this.kept.delete(key);
    else this.kept.set(key, value);
  }

  /** By their number alone. */
  async trim(prefix: string, { entries }: MemoryLimits): Promise<void> {
    const keys = [...this.kept.keys()].filter((key) => key.startsWith(prefix));
    for (const key of keys.slice(0, Math.max(0, keys.length - entries))) this.kept.delete(key);
  }
}
