/** A running agent with which the protocol's version is agreed, and its sessions. */
import { type Clock, within } from "../../shared/clock.ts";
import { get, getArray, getNumber, getString } from "../../shared/json.ts";
import { oneLine } from "../../shared/text.ts";
import { READS_FAILURES } from "./failure.ts";
import { choose } from "./permissions.ts";
import { AcpProcess, type ProcessStart } from "./process.ts";
import type { RpcAnswer } from "./rpc.ts";
import type { Turn } from "./turn.ts";

/** The version of the protocol that we speak. In a later one the answer to a prompt is not its end. */
export const PROTOCOL_VERSION = 1;

/** Sessions that are known at once; the one that was idle longest makes room. */
const MAX_SESSIONS = 1_000;

/** What the agent said of itself. */
export interface AgentFacts {
  /** Undefined where it does not say. */
  version: number | undefined;
  name: string | undefined;
  resumes: boolean;
  loads: boolean;
  closes: boolean;
  deletes: boolean;
  takesImages: boolean;
  /** It tells of its login by itself, soon after its start (`authStatus`, codex-acp). */
  tellsLogin: boolean;
  /** The names of its ways to log in. */
  loginNames: string[];
}

/** One conversation with the agent. */
export interface Session {
  id: string;
  /** US dollars that it has cost, as far as the agent has said. */
  spentUsd: number;
  /** Takes what comes for it; undefined between prompts, when nothing that comes is an answer. */
  turn: Turn | undefined;
}

export class AcpConnection {
  readonly process: AcpProcess;
  facts: AgentFacts = readFacts(undefined);
  /** The kind of login that it first told of, `none` for none; see {@link AgentFacts.tellsLogin}. */
  readonly loginTold: Promise<string>;
  readonly #tellLogin: (kind: string) => void;
  readonly #clock: Clock;
  /** By its id. In the order of their last use. */
  readonly #sessions = new Map<string, Session>();
  /** The ids by conversation. */
  readonly #ids = new Map<string, string>();

  /** Throws what the system says where the process can't be started. */
  constructor(start: Omit<ProcessStart, "handlers">) {
    this.#clock = start.clock;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.loginTold = promise;
    this.#tellLogin = resolve;
    this.process = new AcpProcess({
      ...start,
      handlers: {
        onRequest: (method, params) => this.#onRequest(method, params),
        onNotification: (method, params) => {
          if (method === "session/update") this.#onUpdate(params);
          if (method === "_auth/status_update") this.#onLogin(get(params, "authStatus"));
        },
      },
    });
  }

  /** Agrees on the version and learns what the agent can do. */
  async initialize(client: { name: string; version: string }): Promise<RpcAnswer> {
    const answer = await this.process.rpc.request("initialize", {
      protocolVersion: PROTOCOL_VERSION,
      // Its files and programs are its own affair: we lend it neither a file system nor a terminal.
      clientCapabilities: {
        fs: { readTextFile: false, writeTextFile: false },
        terminal: false,
        // Warnings are not to stand in the answer.
        session: { notices: {} },
        _meta: READS_FAILURES,
      },
      clientInfo: client,
    });
    if (answer.kind === "result") this.facts = readFacts(answer.value);
    return answer;
  }

  /** Calls a method, and waits for no longer than `ms` and until `signal` aborts. */
  async call(method: string, params: object, ms: number, signal: AbortSignal) {
    const over = new AbortController();
    const answer = this.process.rpc.request(method, params, { signal: over.signal });
    try {
      return await within(this.#clock, ms, answer, signal);
    } finally {
      over.abort();
    }
  }

  /** The session of a conversation that this process has. */
  find(conversation: string): Session | undefined {
    const session = this.#sessions.get(this.#ids.get(conversation) ?? "");
    if (session !== undefined) this.#touch(session);
    return session;
  }

  /**
   * Makes a session known, before what comes for it can be told apart. Undefined where the id is that of
   * another conversation already: an agent that gives one twice would show each of them the other.
   */
  know(id: string, conversation: string | undefined): Session | undefined {
    if (this.#sessions.has(id)) return undefined;
    const session: Session = { id, spentUsd: 0, turn: undefined };
    if (conversation !== undefined) this.#ids.set(conversation, id);
    this.#touch(session);
    const idle = [...this.#sessions.values()].find((one) => one.turn === undefined);
    if (this.#sessions.size > MAX_SESSIONS && idle !== undefined) this.forget(idle);
    return session;
  }

  /** Knows a session no more. */
  drop(session: Session): void {
    this.#sessions.delete(session.id);
    for (const [conversation, id] of this.#ids) {
      if (id === session.id) this.#ids.delete(conversation);
    }
  }

  /** Is done with a session, and tells the agent where it wants to know. */
  forget(session: Session): void {
    this.drop(session);
    if (!this.facts.closes) return;
    this.process.rpc.tell("session/close", { sessionId: session.id });
  }

  /** Whether a prompt is running. */
  get busy(): boolean {
    return [...this.#sessions.values()].some((session) => session.turn !== undefined);
  }

  #touch(session: Session): void {
    this.#sessions.delete(session.id);
    this.#sessions.set(session.id, session);
  }

  #onUpdate(params: unknown): void {
    const session = this.#sessions.get(getString(params, "sessionId") ?? "");
    if (session === undefined) return;
    const update = get(params, "update");
    if (getString(update, "sessionUpdate") === "usage_update") {
      const cost = get(update, "cost");
      const spent = getString(cost, "currency") === "USD" ? getNumber(cost, "amount") : undefined;
      if (spent !== undefined) session.spentUsd = spent;
    }
    session.turn?.update(update);
  }

  #onLogin(status: unknown): void {
    const kind = getString(status, "kind");
    if (kind !== undefined) this.#tellLogin(kind);
  }

  #onRequest(method: string, params: unknown): { result: object } | undefined {
    if (method !== "session/request_permission") return undefined;
    const turn = this.#sessions.get(getString(params, "sessionId") ?? "")?.turn;
    // Without a message that it works on, nobody is there to allow anything.
    const outcome = turn?.permit(params) ?? choose("deny", params);
    return { result: { outcome } };
  }
}

function readFacts(value: unknown): AgentFacts {
  const capabilities = get(value, "agentCapabilities");
  const session = get(capabilities, "sessionCapabilities");
  const has = (key: string) => (get(session, key) ?? undefined) !== undefined;
  const name = getString(get(value, "agentInfo"), "name");
  return {
    version: getNumber(value, "protocolVersion"),
    name: name === undefined ? undefined : oneLine(name, 100),
    resumes: has("resume"),
    loads: get(capabilities, "loadSession") === true,
    closes: has("close"),
    deletes: has("delete"),
    takesImages: get(get(capabilities, "promptCapabilities"), "image") === true,
    tellsLogin: (get(get(capabilities, "_meta"), "authStatus") ?? undefined) !== undefined,
    loginNames: (getArray(value, "authMethods") ?? []).flatMap((method) => {
      const words = getString(method, "name") ?? getString(method, "id");
      return words === undefined ? [] : [words];
    }),
  };
}
