/** Whether a request comes from this machine, and not from a web page that only borrows it. */

/**
 * Listening on the loopback address keeps other machines out, but not a page in this machine's
 * browser: under a name of its own that it points here (DNS rebinding), its Host is not ours; by a
 * plain cross-site request, its Origin is not.
 */
export function isLocalRequest(request: Request): boolean {
  const host = request.headers.get("host");
  const origin = request.headers.get("origin");
  if (host === null || !isLoopback(URL.parse(`http://${host}`))) return false;
  return origin === null || isLoopback(URL.parse(origin));
}

function isLoopback(url: URL | null): boolean {
  const host = url?.hostname ?? "";
  return host === "localhost" || host === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(host);
}
