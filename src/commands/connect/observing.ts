/** What looks at the bridges of a process and shows how they are: made here, and known to nobody else. */
import { processIdentity } from "../../backends/process/identity.ts";
import type { BridgeEvent } from "../../bridge/events.ts";
import type { Context } from "../../cli/command.ts";
import type { Log } from "../../cli/log.ts";
import type { Lifecycle } from "../../fleet/lifecycle.ts";
import type { StoreCounts } from "../../observe/status.ts";
import { Observatory } from "../../observe/observatory.ts";
import { VERSION } from "../../project.ts";
import { systemClock } from "../../shared/clock.ts";
import { parseListen } from "../../shared/listen-address.ts";
import { GLOBALS } from "../globals.ts";
import type { ConnectFlags } from "./connect.ts";
import { ServiceWords } from "./service-words.ts";
import { StatusLine } from "./status-line.ts";

/** A workspace that is answered. */
export interface Observed {
  readonly workspaceId: string;
  /** What its agent is called, where the operator says so. */
  readonly name: string | undefined;
  /** What answers its messages. */
  readonly backend: string;
  readonly mode: "poll" | "push";
  /** Pauses between two looks at an idle feed, and between two heartbeats, in milliseconds. */
  readonly intervalMs: number;
  readonly heartbeatMs: number;
  /** What its store holds. Rejects where that can't be asked at the moment. */
  counts(): Promise<StoreCounts>;
  /** Which loop of its bridge has hung, in a sentence; undefined where none has. */
  overdue(): string | undefined;
}

/** What is told of one workspace. Never throws. */
export interface Watcher {
  hear(event: BridgeEvent): void;
  lifecycle(change: Lifecycle): void;
}

export interface Observing {
  /** Called for each workspace, before {@link ready}. */
  member(observed: Observed): Watcher;
  /** Called before any bridge is started; rejects with a MoleculeError where it can't do its work. */
  ready(): Promise<void>;
  /**
   * Called once signals are handled: one that ends the process as it would any other leaves the row of a
   * terminal as it is.
   */
  show(): void;
  /** Called once all bridges have ended. Never rejects. */
  close(): Promise<void>;
}

/** The parts of the process that it may show, and how. */
export interface ObservingParts {
  readonly flags: ConnectFlags;
  readonly context: Context;
  readonly log: Log;
  /** Where the state of all workspaces lies. */
  readonly folder: string;
}

/**
 * A health server where one is asked for, a file for `molecule status`, a line under the log of a person
 * at a terminal, and word to the service manager that asks for it.
 */
export function observe({ flags, context, log, folder }: ObservingParts): Observing {
  const { io, env } = context;
  const health = flags.health === undefined ? undefined : parseListen(flags.health);
  const observatory = new Observatory({
    version: VERSION,
    stateFolder: folder,
    health,
    clock: systemClock,
    secrets: io.secrets,
    identify: processIdentity,
    warn: (message) => log.warn(message, { event: "observing" }),
  });
  const verbose = context.get(GLOBALS.verbose) === true || flags.logFormat === "json";
  let line: StatusLine | undefined;
  let words: ServiceWords | undefined;
  return {
    member: (observed) => observatory.member(observed),
    async ready() {
      await observatory.start();
      const { healthAddress: address } = observatory;
      if (address !== undefined) {
        log.info(`health checks and metrics are on http://${address}/`, {
          event: "health-listening",
          address,
        });
      }
      // Only where a service manager asks.
      if (!env["NOTIFY_SOCKET"]) return;
      const { Notifier } = await import("../../service/notify.ts");
      const notifier = await Notifier.fromEnv(env);
      const { problem } = notifier;
      if (problem !== undefined) {
        return log.warn(`the service manager is not told how the bridge is: ${problem}`, {
          event: "observing",
        });
      }
      const read = () => observatory.statuses();
      const isAlive = () => observatory.overdue() === undefined;
      const told = (words = new ServiceWords({ notifier, clock: systemClock, read, isAlive }));
      observatory.onChange(() => told.changed());
    },
    show() {
      const shown = (line = new StatusLine({ io, env, verbose }, () => observatory.statuses()));
      observatory.onChange(() => shown.changed());
    },
    async close() {
      line?.end();
      words?.end();
      await observatory.close();
    },
  };
}
