/** What every endpoint is given: the request, taken apart, and the platform that it acts on. */
import type { Clock } from "../shared/clock.ts";
import type { DevDatabase } from "./database.ts";
import type { Feed } from "./feed.ts";
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
  isAdmin(token: string): boolean;
  pushes: Pushes;
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
}

export type Handler = (call: Call) => Response | Promise<Response>;
