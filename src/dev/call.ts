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
}

export interface Call {
  dev: Dev;
  request: Request;
  query: URLSearchParams;
  /** The `:id` of the path; "" where the path has none. UUIDs are in lower case. */
  id: string;
  /** The `:tokenId` of the path; "" where it has none. */
  tokenId: string;
  /** The `:fileId` of the path; "" where it has none. */
  fileId: string;
  /** The `:delegationId` of the path; "" where it has none. */
  delegationId: string;
  /** The `:faultId` of the path; "" where it has none. */
  faultId: string;
}

export type Handler = (call: Call) => Response | Promise<Response>;
