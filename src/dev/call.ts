/** What every endpoint is given: the request, taken apart, and the platform that it acts on. */
import type { Clock } from "../shared/clock.ts";
import type { DevDatabase } from "./database.ts";
import type { Errands } from "./errands.ts";
import type { Events } from "./events.ts";
import type { Faults } from "./faults.ts";
import type { Feed } from "./feed.ts";
import type { Liveness } from "./liveness.ts";
import type { Pushes } from "./push.ts";
import type { Revision } from "./revision.ts";

/** The running platform, as its endpoints see it. */
export interface Dev {
  revision: Revision;
  database: DevDatabase;
  /** Takes the rows of {@link database}'s activities. */
  feed: Feed;
  clock: Clock;
  /** The base URL, for the addresses that answers hold. */
  url: string;
  /** Of the admin token and the live ones of the organisation (contract 1.4). */
  isAdmin(token: string): boolean;
  pushes: Pushes;
  events: Events;
  errands: Errands;
  liveness: Liveness;
  faults: Faults;
  /** The organisation that all but the free paths ask for (contract 1.6); undefined: none. */
  tenantOrg: string | undefined;
  /** Hears of what nobody should have thrown. */
  onError(error: unknown): void;
}

/** A request on a route: `Required` are the names that its path must hold, `Optional` others that it may. */
export interface Call<Required extends string = never, Optional extends string = never> {
  dev: Dev;
  request: Request;
  query: URLSearchParams;
  /** What stands for each `:name` of the route's path. UUIDs are in lower case. */
  params: { readonly [name in Required]: string } & { readonly [name in Optional]?: string };
}

/** An endpoint on a path with these names. */
export type Handler<Names extends string> = (call: Call<Names>) => Response | Promise<Response>;
