/** The page of `molecule dev`: its files, its API, and who may see it. */
import { Refusal } from "../dev/answers.ts";
import type { Dev } from "../dev/call.ts";
import type { Front } from "../dev/handle.ts";
import { systemClock, type Clock } from "../shared/clock.ts";
import { showAsset } from "./assets.ts";
import type { Bridges } from "./bridges.ts";
import { refuseStrangers, secured } from "./guard.ts";
import { answerApi } from "./routes.ts";
import { Tickets } from "./tickets.ts";
import { toPageWorkspace } from "./view.ts";
import { Watch } from "./watch.ts";

export interface PageOptions {
  /** Opens the page's own routes, and nothing else of the platform. */
  token: string;
  /** Of this program, to be shown. */
  version: string;
  /** Those of this machine; where they are not given, nothing is told of where messages stand. */
  bridges?: Bridges;
  /** The command line that connects an agent to a workspace; undefined where there is none. */
  connectLine?(workspaceId: string): string | undefined;
  /** For tickets, pauses and pings. */
  clock?: Clock;
}

export interface Page {
  /** Stands before one platform: an option of startDevPlatform. */
  front: Front;
  /** A ticket for one visit within 60 s: a link with it may be seen by others on this machine. */
  ticket(): string;
  /** Ends the streams of its visitors. The platform's stop does so, too. */
  stop(): void;
}

const API = "/page/api";

/** Makes the page; it begins to work with its first request. */
export function createPage(options: PageOptions): Page {
  const { token, version, bridges, connectLine, clock = systemClock } = options;
  const tickets = new Tickets(clock);
  let watch: Watch | undefined;
  let stopped = false;

  const watchOf = (dev: Dev): Watch => {
    watch ??= new Watch({
      dev,
      clock,
      version,
      bridges,
      show: (row) => toPageWorkspace(row, connectLine?.(row.id)),
    });
    if (stopped) watch.stop();
    return watch;
  };

  const answer = (request: Request, url: URL, dev: Dev): Response | Promise<Response> => {
    const { pathname } = url;
    refuseStrangers(request, dev.url, pathname);
    if (!pathname.startsWith(`${API}/`)) return showAsset(request.method, pathname);
    const call = { dev, request, query: url.searchParams, params: {} };
    const api = { token, tickets, bridges, watch: watchOf(dev) };
    return answerApi(api, call, pathname.slice(API.length));
  };

  return {
    front: (request, url, dev) => {
      const { pathname } = url;
      if (pathname !== "/" && !pathname.startsWith("/page/")) return undefined;
      return withHeaders(dev, () => answer(request, url, dev));
    },
    ticket: () => tickets.make(),
    stop: () => {
      stopped = true;
      watch?.stop();
    },
  };
}

async function withHeaders(dev: Dev, work: () => Response | Promise<Response>): Promise<Response> {
  try {
    return secured(await work());
  } catch (error) {
    if (error instanceof Refusal) return secured(error.toResponse());
    dev.onError(error);
    return secured(new Refusal(500, "internal error").toResponse());
  }
}
