/**
 * Who may use the page. It listens on the loopback address, where every page of this machine's browser
 * can send requests to, and every program of every user: so requests must come from our own page, and
 * its API wants a token.
 */
import { bearer } from "../dev/auth.ts";
import { refuse } from "../dev/answers.ts";
import { isSameSecret } from "../shared/same-secret.ts";

const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

/** What a page of chat has no use for, whatever a message may bring about. */
const FEATURES = [
  "autoplay",
  "camera",
  "clipboard-read",
  "display-capture",
  "fullscreen",
  "geolocation",
  "hid",
  "idle-detection",
  "local-fonts",
  "microphone",
  "midi",
  "payment",
  "screen-wake-lock",
  "serial",
  "usb",
  "xr-spatial-tracking",
];

const HEADERS: { readonly [name: string]: string } = {
  "content-security-policy": CONTENT_SECURITY_POLICY,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "x-frame-options": "DENY",
  "permissions-policy": FEATURES.map((name) => `${name}=()`).join(", "),
};

/** The same answer with the headers that every answer of the page has; not to be kept unless it says so. */
export function secured(response: Response): Response {
  for (const [name, value] of Object.entries(HEADERS)) response.headers.set(name, value);
  if (!response.headers.has("cache-control")) response.headers.set("cache-control", "no-store");
  return response;
}

/**
 * 403 for what does not come from our own page, or from the hand of who sits here. `url` is the
 * platform's. By a name of its own that it points to this machine (DNS rebinding) another page has
 * another Host; otherwise another Origin, and its browser says so in Sec-Fetch-Site (W3C Fetch Metadata).
 * A link elsewhere may open the document: it holds nothing, and is in no frame.
 */
export function refuseStrangers(request: Request, url: string, path: string): void {
  const { headers } = request;
  const host = headers.get("host")?.toLowerCase() ?? "";
  if (!hostsOf(url).includes(host)) {
    refuse(403, "this page is served under its own address only", {
      hint: `open the link that 'molecule dev' prints: it begins with ${url}`,
    });
  }
  const origin = headers.get("origin");
  const site = headers.get("sec-fetch-site");
  const isOwn = site === null || site === "same-origin" || site === "none";
  if ((origin !== null && origin !== `http://${host}`) || !(isOwn || isOpened(request, path))) {
    refuse(403, "this page answers to no other page");
  }
}

/** 401 unless the request shows the page's token. */
export function requireToken(request: Request, token: string): void {
  const shown = bearer(request);
  if (shown !== undefined && isSameSecret(shown, token)) return;
  refuse(
    401,
    shown === undefined ? "the page's token is missing" : "this is not the page's token",
    {
      hint: "open the link that 'molecule dev' prints",
    },
  );
}

/** The names under which a browser of this machine may know the platform, which listens on 127.0.0.1. */
function hostsOf(url: string): string[] {
  const port = Number(URL.parse(url)?.port ?? "");
  const names = ["127.0.0.1", "localhost"];
  // A browser leaves out the port that HTTP has anyway.
  return port === 0
    ? names.flatMap((name) => [name, `${name}:80`])
    : names.map((n) => `${n}:${port}`);
}

/** Whether it opens the document in a window of its own. */
function isOpened({ method, headers }: Request, path: string): boolean {
  return (
    path === "/" &&
    (method === "GET" || method === "HEAD") &&
    headers.get("sec-fetch-mode") === "navigate" &&
    headers.get("sec-fetch-dest") === "document"
  );
}
