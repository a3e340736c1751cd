/** One workspace: from its settings to a running bridge, again and again if need be. */
import type { Backend, BackendMemory, BackendType, OptionValues } from "../../backends/backend.ts";
import { endLeftovers } from "../../backends/process/leftovers.ts";
import { runBridge } from "../../bridge/bridge.ts";
import type { BridgeEvent } from "../../bridge/events.ts";
import type { OpenRequests } from "../../bridge/open-requests.ts";
import type { LeftRun } from "../../bridge/parts.ts";
import { checkBudget } from "../../bridge/runs/budget.ts";
import type { Log } from "../../cli/log.ts";
import type { Allowances } from "../../fleet/allowances.ts";
import type { StoreCounts } from "../../observe/status.ts";
import { checkToken } from "../../platform/check-token.ts";
import { PlatformClient } from "../../platform/client.ts";
import type { HttpParts } from "../../platform/http.ts";
import { Token } from "../../platform/token.ts";
import { runPushBridge } from "../../push/push-bridge.ts";
import { systemClock } from "../../shared/clock.ts";
import { addressOf } from "../../shared/kept-token.ts";
import { LocalStore } from "../../store/local.ts";
import type { PostgresStores } from "../../store/postgres/stores.ts";
import type { Store } from "../../store/store.ts";
import { tokenPath } from "../../store/token-file.ts";
import { resolveToken } from "../access/credentials.ts";
import { rememberWorkspaces } from "../which/known-workspaces.ts";
import { bridgeOptions, concurrencyOf } from "./bridge-options.ts";
import { pushOptions } from "./connect-push.ts";
import { logEvent } from "./event-lines.ts";
import { refuseLeftBehind } from "./left-behind.ts";
import { memberLog } from "./member-log.ts";
import type { Stops } from "./stopping.ts";
import type { Chosen } from "./workspaces.ts";

/** What one workspace is answered with. */
export interface WorkspaceSetup {
  readonly chosen: Chosen;
  readonly type: BackendType;
  readonly options: OptionValues;
  /** Stands in front of its lines; undefined where there is no other workspace. */
  readonly name: string | undefined;
}

/** What the workspaces of a process share. */
export interface SharedParts {
  readonly log: Log;
  /** Where the state of all of them lies. */
  readonly folder: string;
  readonly baseUrl: URL;
  /** The parts of every client but for who speaks; the authorities are read once. */
  http(): Promise<HttpParts>;
  readonly allowances: Allowances;
  /** The store that is shared with other processes; undefined where the state folder is used. */
  readonly stores: PostgresStores | undefined;
}

/** What a run of the bridge is made of. */
interface Made {
  readonly log: Log;
  readonly store: Store;
  readonly backend: Backend;
  /** What the backend had to say about itself so far. */
  notes: number;
}

/** A workspace whose backend is there, and whose token is known. */
export interface Ready extends Made {
  readonly token: Token;
  readonly platform: PlatformClient;
}

export class WorkspaceRun {
  readonly id: string;
  readonly setup: WorkspaceSetup;
  readonly #shared: SharedParts;
  #made: Made | undefined;
  /** Of the bridge that runs. */
  #watch: (() => string | undefined) | undefined;

  constructor(setup: WorkspaceSetup, shared: SharedParts) {
    this.id = setup.chosen.id;
    this.setup = setup;
    this.#shared = shared;
  }

  /** A log of the workspace's own, for one run of its bridge. */
  log(): Log {
    return memberLog(this.#shared.log, { workspaceId: this.id, name: this.setup.name });
  }

  /** HTTP requests that its backend may hold open together; none where it can't even be made. */
  async requests(): Promise<number> {
    const { backend } = (await this.#make().catch(() => undefined)) ?? {};
    if (backend === undefined) return 0;
    return (backend.requestsPerRun ?? 0) * concurrencyOf(this.setup.chosen.flags, backend);
  }

  /** What its store holds. Rejects where it is not open. */
  async counts(): Promise<StoreCounts> {
    const store = this.#made?.store;
    if (store === undefined) throw new Error("its store is not open");
    const [{ waiting, deadLetters }, outbox] = await Promise.all([
      store.journal.load(),
      store.outbox.count(),
    ]);
    return { unsettled: waiting, outbox, deadLetters };
  }

  /** Which loop of the bridge has hung, in a sentence; undefined where none has. */
  overdue(): string | undefined {
    const loop = this.#watch?.();
    return loop === undefined ? undefined : `the ${loop} loop of ${this.id} has hung`;
  }

  /** Looks for the backend and the token. Rejects with a MoleculeError where one of them is missing. */
  async ready(): Promise<Ready> {
    const made = await this.#make();
    const { chosen, type } = this.setup;
    const { flags } = chosen;
    try {
      await refuseLeftBehind(this.#shared.folder, this.id, this.#shared.stores);
      checkBudget(flags.dailyBudget, type.name, made.backend);
      await made.backend.check();
      const token = await this.#token(made.log);
      const http = await this.#shared.http();
      const { orgId } = flags;
      const speaker = { identity: this.id, orgId, token: () => token.value };
      const platform = new PlatformClient({ ...http, ...speaker, workspaceId: this.id });
      return { ...made, token, platform, notes: made.notes };
    } catch (error) {
      this.#made = undefined;
      await made.backend.close?.();
      throw error;
    }
  }

  /** Runs the bridge. `hear` is told of each event, and nothing else is done with them but a line of the log. */
  async serve(
    { log, store, backend, token, platform }: Ready,
    requests: OpenRequests,
    { drain, now }: Stops,
    hear: (event: BridgeEvent) => void,
  ): Promise<void> {
    const { chosen, type } = this.setup;
    const { flags, context } = chosen;
    const { baseUrl, folder, allowances, stores } = this.#shared;
    log.debug(`state is in ${folder}; the token is from ${token.origin}`);
    log.info(`connecting ${this.id} to ${baseUrl.href} with the ${type.name} backend`, {
      event: "connecting",
      api_url: baseUrl.href,
      backend: type.name,
    });
    let met: Promise<void> | undefined;
    const parts = {
      platform,
      backend,
      store,
      endLeftovers: (runs: readonly LeftRun[]) => endLeftovers(runs, systemClock),
      token,
      clock: systemClock,
      releaseMemory: () => Bun.gc(true),
      random: Math.random,
      emit: (event: BridgeEvent) => {
        if (event.type === "connected") met = rememberWorkspaces([{ id: this.id }], context.env);
        logEvent(log, event);
        hear(event);
      },
      secrets: context.io.secrets,
      allowance: allowances.of({ orgId: flags.orgId, token: token.value }),
      requests,
      onWatch: (overdue: () => string | undefined) => void (this.#watch = overdue),
    };
    const polling = bridgeOptions(this.id, flags, type.name, backend, stores !== undefined);
    const pushing = pushOptions(flags, polling, baseUrl, backend, context.env);
    try {
      await (pushing === undefined
        ? runBridge(polling, parts, drain, now)
        : runPushBridge(pushing, parts, drain, now));
    } finally {
      this.#made = undefined;
      this.#watch = undefined;
      await Promise.all([backend.close?.(), met]);
    }
  }

  async #make(): Promise<Made> {
    if (this.#made !== undefined) return this.#made;
    const { chosen, type, options } = this.setup;
    const { io, env } = chosen.context;
    const { folder, baseUrl, stores } = this.#shared;
    const log = this.log();
    const platform = addressOf(baseUrl);
    const store =
      stores?.of(this.id, { folder, platform }) ?? new LocalStore(folder, this.id, { platform });
    let notes = 0;
    const backend = await type.create(options, {
      clock: systemClock,
      secrets: io.secrets,
      env,
      memory: memoryOf(store, type.name),
      random: Math.random,
      onNote: (text, activityId) => {
        notes += 1;
        logEvent(log, { type: "backend-note", text, activityId });
      },
      onStderr: (line, activityId) => logEvent(log, { type: "backend-stderr", line, activityId }),
    });
    this.#made = {
      log,
      store,
      backend,
      get notes() {
        return notes;
      },
    };
    return this.#made;
  }

  async #token(log: Log): Promise<Token> {
    const { flags, context, tokenEnv, fault } = this.setup.chosen;
    if (fault !== undefined) throw fault;
    const { stores, folder, baseUrl } = this.#shared;
    if (tokenEnv === undefined) {
      const file = stores === undefined ? tokenPath(folder, this.id) : undefined;
      const token = await resolveToken(flags, context, log, file);
      if (token.value !== undefined || stores === undefined) return token;
      const kept = await stores.keptToken(this.id, addressOf(baseUrl));
      if (kept !== undefined) token.adopt(kept, "the shared store");
      return token;
    }
    const value = checkToken(context.env[tokenEnv] ?? "", tokenEnv);
    return new Token(context.io.secrets, value, tokenEnv);
  }
}

/** The part of the store's memory that is this backend's. */
function memoryOf(store: Store, name: string): BackendMemory {
  return {
    recall: (key) => store.memory.recall(`${name}/${key}`),
    remember: (key, value) => store.memory.remember(`${name}/${key}`, value),
  };
}
