/** Who sends the messages of a load: the canvas, and workspaces with a token for this load alone. */
import type { HttpParts } from "../../../platform/http.ts";
import { PlatformClient } from "../../../platform/client.ts";
import type { Management } from "../../../platform/management.ts";
import { PlatformError } from "../../../platform/platform.ts";
import { nextDelay } from "../../../shared/backoff.ts";
import { getString, type JsonObject } from "../../../shared/json.ts";
import { MoleculeError, UsageError } from "../../../shared/errors.ts";
import { idAmong } from "../../which/resolve.ts";
import { passes } from "./sending.ts";

/** How the canvas is called among those who send. */
export const CANVAS = "canvas";

/** How long a call to prepare or tidy up is tried again, in milliseconds. */
const PATIENCE_MS = 20_000;

/** The platform shows so many characters of a token in its list (contract 1.4). */
const PREFIX_CHARACTERS = 8;

export interface Sender {
  name: string;
  /** Undefined for the canvas. */
  id: string | undefined;
  client: PlatformClient;
}

interface Minted {
  workspaceId: string;
  token: string;
}

/** A name that is to send, and its workspace. */
export interface Named {
  name: string;
  id: string | undefined;
}

/**
 * The senders of `canvas,ada,…` among the platform's workspaces. Throws for what can't be meant; of those that
 * nobody has given, the agent itself is left out instead.
 */
export function readSenders(
  text: string,
  agentId: string,
  rows: readonly JsonObject[],
  { isGiven = true } = {},
): Named[] {
  const words = text.split(",").map((word) => word.trim());
  if (words.includes("")) throw new UsageError("--from has an empty name in it");
  const all = words.map((name) => ({
    name,
    id: name === CANVAS ? undefined : idAmong(rows, name),
  }));
  const named = isGiven ? all : all.filter(({ id }) => id !== agentId);
  for (const [i, { name, id }] of named.entries()) {
    if (id === agentId)
      throw new UsageError(`--from: ${name} is the agent that the messages are for`);
    if (named.findIndex((other) => other.id === id) < i) {
      throw new UsageError(`--from: ${name} is named twice`);
    }
  }
  return named;
}

/** Tokens of a load: made for it, and revoked at its end. */
export class Senders {
  readonly #parts: HttpParts;
  readonly #management: Management;
  readonly #random: () => number;
  readonly #minted: Minted[] = [];

  constructor(parts: HttpParts, management: Management, random: () => number) {
    this.#parts = parts;
    this.#management = management;
    this.#random = random;
  }

  /** A client that speaks as each of them; the agent's feed is read as the canvas. */
  async open(named: readonly Named[], agentId: string): Promise<Sender[]> {
    const senders: Sender[] = [];
    for (const { name, id } of named) {
      senders.push({
        name,
        id,
        client: id === undefined ? this.canvas(agentId) : await this.#as(id),
      });
    }
    return senders;
  }

  /** The person at the canvas, who sees the agent's own feed. */
  canvas(agentId: string): PlatformClient {
    return new PlatformClient({ ...this.#parts, workspaceId: agentId });
  }

  /** Revokes all tokens; gives the ids of the workspaces where that failed. */
  async close(): Promise<string[]> {
    const left: string[] = [];
    const revoke = ({ workspaceId, token }: Minted) =>
      this.patiently(() => this.#revoke(workspaceId, token)).catch(() => left.push(workspaceId));
    await Promise.all(this.#minted.splice(0).map(revoke));
    return left;
  }

  /** A call of the operator's, made again for a while where it fails for the moment. */
  async patiently<T>(work: () => Promise<T>): Promise<T> {
    const { clock } = this.#parts;
    const end = clock.monotonic() + PATIENCE_MS;
    for (let failures = 1; ; failures++) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof PlatformError) || !passes(error)) throw error;
        const pauseMs = nextDelay(failures, this.#random, error.failure.retryAfterMs);
        if (clock.monotonic() + pauseMs > end) throw error;
        await clock.sleep(pauseMs);
      }
    }
  }

  async #as(workspaceId: string): Promise<PlatformClient> {
    const made = await this.patiently(() => this.#management.createToken(workspaceId));
    const token = getString(made, "auth_token");
    this.#parts.secrets.add(token);
    if (token === undefined) throw new MoleculeError("the platform made a token and kept it back");
    this.#minted.push({ workspaceId, token });
    return new PlatformClient({
      ...this.#parts,
      token: () => token,
      identity: workspaceId,
      workspaceId,
    });
  }

  /** The answer to the making names no id, so it is found by its beginning. */
  async #revoke(workspaceId: string, token: string): Promise<void> {
    const prefix = token.slice(0, PREFIX_CHARACTERS);
    const tokens = await this.#management.tokens(workspaceId);
    const id = getString(
      tokens.find((row) => getString(row, "prefix") === prefix),
      "id",
    );
    // Not there: an earlier try did it, and its answer was lost.
    if (id !== undefined) await this.#management.revokeToken(workspaceId, id);
  }
}
