/** What is examined: the command line's values, and what the checks have found out so far. */
import type { Context } from "../../cli/command.ts";
import type { Log } from "../../cli/log.ts";
import { Management } from "../../platform/management.ts";
import type { Token } from "../../platform/token.ts";
import type { Clock } from "../../shared/clock.ts";
import { isFor, type KeptToken } from "../../shared/kept-token.ts";
import type { StoreAddress } from "../../store/postgres/address.ts";
import type { WorkspaceView } from "../../store/postgres/survey.ts";
import { tokenPath } from "../../store/token-file.ts";
import { checkCredentials, operatorToken, resolveToken } from "../access/credentials.ts";
import { httpParts } from "../access/http-parts.ts";
import { storeAddress } from "../access/store-address.ts";
import { platformAddress } from "../platform-address.ts";
import type { DoctorValues } from "./doctor.ts";
import type { ProxyChoice } from "./proxy-choice.ts";

/** A token of the operator's or a workspace's, and what is to be said of where it lies. */
export interface Found {
  token: Token;
  /** Warnings, a clause each. */
  notes: readonly string[];
}

/** What a shared store has of the workspace. */
export interface SharedFacts {
  workspace: WorkspaceView | undefined;
  token: KeptToken | undefined;
}

export class Patient {
  readonly values: DoctorValues;
  readonly context: Context;
  readonly clock: Clock;
  /** In its one spelling; undefined where none was named. */
  readonly workspaceId: string | undefined;
  /** Where bridges keep their state. */
  readonly folder: string;
  /** Set by the check of the address. */
  url: URL | undefined;
  /** Set by the check of the proxy. */
  proxy: ProxyChoice = { kind: "none" };
  /** Whether the platform has heard of the workspace's bridge of late; undefined where nobody asked. */
  isHeard: boolean | undefined;
  /** Set by the check of the shared store, where one is named: what it has of the workspace. */
  shared: SharedFacts | undefined;
  /** By check: why those that rest on it are left out. */
  readonly broken = new Map<string, string>();
  #own: Promise<Found> | undefined;
  #operators: Promise<Found | undefined> | undefined;

  constructor(
    values: DoctorValues,
    context: Context,
    parts: { clock: Clock; workspaceId: string | undefined; folder: string },
  ) {
    this.values = values;
    this.context = context;
    this.clock = parts.clock;
    this.workspaceId = parts.workspaceId;
    this.folder = parts.folder;
  }

  /** A store that is shared with other machines is named. */
  get isShared(): boolean {
    return this.values.store !== undefined || this.values.storeFile !== undefined;
  }

  /**
   * The workspace's token by its sources, as `connect` would take it: the last is the shared store, once that
   * is checked, and the state folder where none is named. Rejects as that would.
   */
  ownToken(): Promise<Found> {
    return (this.#own ??= this.#findOwn());
  }

  /** The operator's token; undefined where none is given. */
  operatorToken(): Promise<Found | undefined> {
    return (this.#operators ??= this.#findOperators());
  }

  /** The store that is shared with other machines, with warnings; undefined where none is named. Rejects as `connect` would. */
  async store(): Promise<{ address: StoreAddress; notes: readonly string[] } | undefined> {
    const { notes, log } = noting();
    const address = await storeAddress(this.values, this.context, log);
    return address === undefined ? undefined : { address, notes };
  }

  /**
   * A client with this token, or without any, that asks once: a check has no time to wait for the rate
   * limit. Rejects where the authorities can't be read.
   */
  async client(token: Pick<Token, "value"> = { value: undefined }): Promise<Management> {
    return new Management(await this.httpParts(token), { again: false });
  }

  httpParts(token: Pick<Token, "value">) {
    const { orgId } = this.values;
    return httpParts(this.context, { token, orgId, identity: this.workspaceId });
  }

  async #findOwn(): Promise<Found> {
    checkCredentials(this.context);
    const { notes, log } = noting();
    const { workspaceId, folder, isShared } = this;
    const file = workspaceId === undefined || isShared ? undefined : tokenPath(folder, workspaceId);
    const token = await resolveToken(this.values, this.context, log, file);
    const kept = this.shared?.token;
    if (token.value !== undefined || kept === undefined) return { token, notes };
    const platform = platformAddress(this.context);
    if (isFor(kept, platform)) token.adopt(kept.value, "the shared store");
    else {
      this.context.io.secrets.add(kept.value);
      log.warn(
        `the token in the shared store is for ${kept.platform}, and is not sent to ${platform}`,
      );
    }
    return { token, notes };
  }

  async #findOperators(): Promise<Found | undefined> {
    const { notes, log } = noting();
    const token = await operatorToken(this.values, this.context, log);
    return token === undefined ? undefined : { token, notes };
  }
}

/** A log whose warnings become findings. */
function noting(): { notes: string[]; log: Log } {
  const notes: string[] = [];
  const note = (message: string) => void notes.push(message);
  return { notes, log: { error: note, warn: note, info() {}, debug() {} } };
}
