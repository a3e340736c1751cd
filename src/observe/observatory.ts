/** All that one process shows of its bridges: a health server, a file for `molecule status`, a change to see. */
import { hostname } from "node:os";
import { join } from "node:path";
import type { Clock } from "../shared/clock.ts";
import { isLoopback, type ListenAddress } from "../shared/listen-address.ts";
import type { Secrets } from "../shared/secrets.ts";
import { BRIDGES } from "./bridge-files.ts";
import { isReady, serveHealth, type HealthServer, type Readiness } from "./health-server.ts";
import { maskAll } from "./mask-all.ts";
import { Member, type MemberInfo } from "./member.ts";
import { workspaceFamilies } from "./metrics.ts";
import { processFamilies } from "./process-metrics.ts";
import { render } from "./prometheus.ts";
import { StatusFile } from "./status-file.ts";
import type { ProcessStatus, WorkspaceStatus } from "./status.ts";

export interface ObservatoryParts {
  version: string;
  /** Where bridges keep their state. */
  stateFolder: string;
  /** Where the health server listens; undefined for none. */
  health: ListenAddress | undefined;
  clock: Clock;
  /** Hidden in all that is shown. */
  secrets: Secrets;
  /** What tells a process from a later one of its number; undefined where the system does not know. */
  identify(pid: number): string | undefined;
  /** Tells the operator something in a sentence; nothing ends because of it. */
  warn(message: string): void;
}

export class Observatory {
  readonly #parts: ObservatoryParts;
  readonly #members: Member[] = [];
  readonly #file: StatusFile;
  readonly #startedAt: number;
  readonly #host = hostname();
  readonly #identity: string | undefined;
  readonly #listeners = new Set<() => void>();
  #server: HealthServer | undefined;

  constructor(parts: ObservatoryParts) {
    const { clock, stateFolder, identify, warn } = parts;
    this.#parts = parts;
    this.#startedAt = clock.now() - process.uptime() * 1_000;
    this.#identity = identify(process.pid);
    this.#file = new StatusFile({
      folder: join(stateFolder, BRIDGES),
      host: this.#host,
      pid: process.pid,
      clock,
      identify,
      read: () => this.#look(),
      onTrouble: (reason) =>
        warn(`molecule status can't see this process: its file can't be written: ${reason}`),
    });
  }

  /** HOST:PORT of the health server, where there is one and it listens. */
  get healthAddress(): string | undefined {
    return this.#server?.address;
  }

  /** A workspace that is served from now on. What it gives is to be told all that its bridge tells. */
  member(info: MemberInfo): Pick<Member, "hear" | "lifecycle"> {
    const member = new Member(info, this.#parts.clock, () => this.#changed());
    this.#members.push(member);
    this.#changed();
    return member;
  }

  /**
   * Begins to show it, before anything else begins. Rejects with a MoleculeError where the health server
   * can't listen.
   */
  async start(): Promise<void> {
    const { health, warn } = this.#parts;
    if (health !== undefined) {
      const asked = {
        overdue: () => this.overdue(),
        readiness: () => this.#readiness(),
        metrics: () => this.#metrics(),
      };
      this.#server = await serveHealth(health, asked);
      if (!isLoopback(health)) {
        const told = this.#server.address;
        warn(`the health server on ${told} answers anyone who can reach it, without a token`);
      }
    }
    this.#file.start();
  }

  /** How all are at the moment, with what their stores held when they were last asked. */
  statuses(): WorkspaceStatus[] {
    return maskAll(
      this.#members.map((member) => member.status()),
      this.#parts.secrets,
    );
  }

  /** Has `listener` called when something may have changed. It must not throw. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Takes the file away and stops listening. */
  async close(): Promise<void> {
    await this.#file.close();
    this.#server?.close();
  }

  #changed(): void {
    this.#file.touch();
    for (const listener of this.#listeners) listener();
  }

  async #look(): Promise<ProcessStatus> {
    await this.#count();
    for (const listener of this.#listeners) listener();
    return {
      version: this.#parts.version,
      pid: process.pid,
      identity: this.#identity,
      host: this.#host,
      startedAt: this.#startedAt,
      at: this.#parts.clock.now(),
      health: this.healthAddress,
      workspaces: this.statuses(),
    };
  }

  async #count(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.count()));
  }

  /** Which loop has hung, in a sentence; undefined where none has, as far as can be told. */
  overdue(): string | undefined {
    return this.#members.map((member) => member.overdue()).find((reason) => reason !== undefined);
  }

  #readiness(): Readiness[] {
    const all = this.#members.map((member) => {
      const { workspaceId, state } = member.status();
      return { workspaceId, state, checks: member.checks() };
    });
    return maskAll(all, this.#parts.secrets);
  }

  async #metrics(): Promise<string> {
    await this.#count();
    const measured = this.#members.map((member) => {
      const checks = member.checks();
      const { isPaused: paused, meter } = member;
      return { status: member.status(), meter, ready: isReady(checks), paused };
    });
    const { version } = this.#parts;
    return render([...processFamilies(version, this.#startedAt), ...workspaceFamilies(measured)]);
  }
}
