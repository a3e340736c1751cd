/** Finds the route of a request: method and path, with `:name` standing for one path segment. */
import type { Auth } from "./auth.ts";
import type { Handler } from "./call.ts";
import { canonicalId } from "./workspace-store.ts";

/** `Kind` says who may use it. */
export interface Route<Kind extends string = Auth> {
  method: string;
  segments: readonly string[];
  auth: Kind;
  handler: Handler<string>;
}

export interface Found<Kind extends string = Auth> {
  route: Route<Kind>;
  params: { [name: string]: string };
}

/** The names in a path: `"id" | "fileId"` of `/workspaces/:id/files/:fileId`. */
type NamesIn<Path extends string> = Path extends `${infer Head}/${infer Tail}`
  ? NamesIn<Head> | NamesIn<Tail>
  : Path extends `:${infer Name}`
    ? Name
    : never;

/** One line of the route table. A handler that needs a name which the path lacks does not compile. */
export function route<Path extends string, Kind extends string>(
  method: string,
  path: Path,
  auth: Kind,
  handler: Handler<NamesIn<Path>>,
): Route<Kind> {
  // What is found has a value for each name of the path.
  return { method, segments: path.split("/").slice(1), auth, handler: handler as Handler<string> };
}

/** The route of a request, with the values of its `:names`; undefined when there is none. */
export function findRoute<Kind extends string>(
  routes: readonly Route<Kind>[],
  method: string,
  pathname: string,
): Found<Kind> | undefined {
  const parts = pathname.split("/").slice(1);
  for (const candidate of routes) {
    if (candidate.method !== method) continue;
    const params = match(candidate.segments, parts);
    if (params !== undefined) return { route: candidate, params };
  }
  return undefined;
}

function match(
  segments: readonly string[],
  parts: readonly string[],
): { [name: string]: string } | undefined {
  if (segments.length !== parts.length) return undefined;
  const params: { [name: string]: string } = {};
  for (const [i, segment] of segments.entries()) {
    const part = parts[i] ?? "";
    if (!segment.startsWith(":")) {
      if (segment !== part) return undefined;
      continue;
    }
    const value = decode(part);
    if (value === undefined || value === "") return undefined;
    params[segment.slice(1)] = canonicalId(value);
  }
  return params;
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
