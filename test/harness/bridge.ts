/** A bridge inside the test's process: the real client and store against a server on loopback. */
import type { Backend, BackendRequest, Outcome } from "../../src/backends/backend.ts";
import { Allowance } from "../../src/bridge/allowance.ts";
import { runBridge } from "../../src/bridge/bridge.ts";
import type { BridgeEvent } from "../../src/bridge/events.ts";
import { OpenRequests } from "../../src/bridge/open-requests.ts";
import { ALLOW_ALL, type BridgeOptions, type BridgeParts } from "../../src/bridge/parts.ts";
import { PlatformClient } from "../../src/platform/client.ts";
import { parseApiUrl } from "../../src/platform/api-url.ts";
import type { Platform } from "../../src/platform/platform.ts";
import { Token } from "../../src/platform/token.ts";
import { systemClock, type Clock } from "../../src/shared/clock.ts";
import { Secrets } from "../../src/shared/secrets.ts";
import { LocalStore, type LocalStoreParts } from "../../src/store/local.ts";
import type { Store } from "../../src/store/store.ts";
import { InFlight } from "./in-flight.ts";
import { TOKEN, WORKSPACE } from "./scripted-platform.ts";
import { tmpFolder } from "./tmp.ts";
import { Bell } from "./wait.ts";

/** A bridge that is quick to look, for tests to change. */
export const OPTIONS: BridgeOptions = {
  workspaceId: WORKSPACE,
  card: {
    name: "",
    description: "a test",
    version: "0",
    capabilities: { streaming: false, pushNotifications: false },
    defaultInputModes: ["text/plain"],
    defaultOutputModes: ["text/plain"],
    skills: [],
  },
  intervalMs: 5,
  heartbeatMs: 30_000,
  // Most servers here have no stream; who wants one says so.
  wake: "off",
  // Rows are of the harness's start, which a long run of tests leaves behind.
  sinceSecs: 86_400,
  concurrency: 1,
  turnLimit: 0,
  maxPausedMs: 3_600_000,
  waitLock: false,
  maxAttempts: 3,
  graceMs: 5_000,
  maxOfflineMs: undefined,
  onReply: "run",
  once: false,
  allowFrom: ALLOW_ALL,
  dailyBudgetUsd: undefined,
  progress: "task",
};

export type EventOf<T extends BridgeEvent["type"]> = Extract<BridgeEvent, { type: T }>;

/** A backend that answers by a function, `echo: <text>` unless told otherwise. */
export function backendOf(
  run: (request: BackendRequest, signal: AbortSignal) => Outcome | Promise<Outcome> = (r) => ({
    kind: "answer",
    text: `echo: ${r.text}`,
  }),
  change: Partial<Backend> = {},
): Backend & { requests: BackendRequest[] } {
  const requests: BackendRequest[] = [];
  return {
    requests,
    timeoutMs: 60_000,
    takesEmptyText: false,
    costsMoney: false,
    reportsCost: false,
    readsFiles: false,
    leavesFiles: false,
    concurrency: 1,
    check: async () => {},
    run: async (request, signal): Promise<Outcome> => {
      requests.push(request);
      return run(request, signal);
    },
    ...change,
  };
}

/**
 * The object with some of its members replaced: to make them fail, hang, or be watched. What is not
 * replaced goes to the object itself.
 */
export function changed<T extends object>(target: T, change: Partial<T>): T {
  return new Proxy(target, {
    get(_, key) {
      const value: unknown = Reflect.get(key in change ? change : target, key);
      return typeof value === "function" && !(key in change) ? value.bind(target) : value;
    },
  });
}

export interface BridgeUnderTest {
  options?: Partial<BridgeOptions>;
  backend?: Backend;
  clock?: Clock;
  token?: Token | string | undefined;
  orgId?: string;
  /** Wraps the store, to make it fail: see {@link changed}. */
  store?: (store: Store) => Store;
  /** Wraps the client, to have its calls end as no server on this machine makes them end. */
  platform?: (client: Platform) => Platform;
  /** How much the journal has room for. */
  room?: Pick<LocalStoreParts, "maxMessages" | "maxBytes">;
  stateDir?: string;
  random?: () => number;
  allowance?: Allowance;
  requests?: OpenRequests;
  onWatch?: BridgeParts["onWatch"];
  endLeftovers?: BridgeParts["endLeftovers"];
}

function isDaily(type: BridgeEvent["type"]): boolean {
  return type === "looked" || type === "beat";
}

export class TestBridge implements AsyncDisposable {
  /** All but those of every day, which `of` gives as well: a test may live through years. */
  readonly events: BridgeEvent[] = [];
  readonly #daily: BridgeEvent[] = [];
  readonly stateDir: string;
  readonly secrets = new Secrets();
  /** How the run ended; `undefined` for well. Never rejects. */
  readonly ended: Promise<unknown>;
  readonly #bell = new Bell();
  readonly #posts = new InFlight();
  readonly #drain = new AbortController();
  readonly #folder = tmpFolder();

  constructor(url: string, setup: BridgeUnderTest = {}) {
    this.stateDir = setup.stateDir ?? this.#folder.path;
    this.ended = this.#run(url, setup).then(
      () => undefined,
      (error: unknown) => error ?? new Error("rejected with nothing"),
    );
  }

  of<T extends BridgeEvent["type"]>(type: T): EventOf<T>[] {
    const events = isDaily(type) ? this.#daily : this.events;
    return events.filter((e): e is EventOf<T> => e.type === type);
  }

  /** Resolves once `count` events of this type were told. Rejects if the run ends before. */
  until(type: BridgeEvent["type"], count = 1): Promise<void> {
    return this.untilTrue(() => this.of(type).length >= count, `${count} × ${type}`);
  }

  /** Resolves once the condition, which hangs on the events, holds. Rejects if the run ends before. */
  async untilTrue(condition: () => boolean, what = "the condition"): Promise<void> {
    const early = this.ended.then((error) => {
      if (!condition()) throw error ?? new Error(`the bridge ended before ${what}`);
    });
    await Promise.race([this.#bell.until(condition, what), early]);
  }

  /** Resolves once no answer is on its way to the platform: then the clock may take large steps. */
  untilPosted(): Promise<void> {
    return this.#posts.none();
  }

  /** Like a first signal; resolves with how the run ended. */
  async stop(): Promise<unknown> {
    this.#drain.abort();
    return this.ended;
  }

  /** The state file as it lies on the disk. */
  async stateFile(): Promise<Record<string, string>> {
    return Bun.file(`${this.stateDir}/${WORKSPACE}.json`).json();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.#folder[Symbol.dispose]();
  }

  async #run(url: string, setup: BridgeUnderTest): Promise<void> {
    const clock = setup.clock ?? systemClock;
    const given = "token" in setup ? setup.token : TOKEN;
    const token = given instanceof Token ? given : new Token(this.secrets, given, "the test");
    const client = new PlatformClient({
      baseUrl: parseApiUrl(url),
      workspaceId: WORKSPACE,
      identity: WORKSPACE,
      orgId: setup.orgId,
      userAgent: "molecule/test",
      token: () => token.value,
      clock,
      secrets: this.secrets,
    });
    const platform = this.#posts.watch(setup.platform?.(client) ?? client, ["send", "notify"]);
    const opened = new LocalStore(this.stateDir, WORKSPACE, { clock, ...setup.room });
    const store = setup.store?.(opened) ?? opened;
    await runBridge(
      {
        ...OPTIONS,
        ...setup.options,
      },
      {
        platform,
        backend: setup.backend ?? backendOf(),
        store,
        endLeftovers: setup.endLeftovers ?? (async () => 0),
        token,
        clock,
        releaseMemory: () => {},
        random: setup.random ?? (() => 0.01),
        allowance: setup.allowance ?? new Allowance(clock),
        requests: setup.requests ?? new OpenRequests(),
        onWatch: setup.onWatch,
        emit: (event) => {
          (isDaily(event.type) ? this.#daily : this.events).push(event);
          this.#bell.ring();
        },
      },
      this.#drain.signal,
    );
  }
}
