/** What the page consists of. It holds nothing that is secret: its data come by the API. */
import base from "./browser/base.css" with { type: "text" };
import composer from "./browser/composer.css" with { type: "text" };
import frame from "./browser/frame.css" with { type: "text" };
import icon from "./browser/icon.svg" with { type: "text" };
import html from "./browser/index.html" with { type: "text" };
import log from "./browser/log.css" with { type: "text" };
import { script } from "./bundle.ts" with { type: "macro" };
import { refuse } from "../dev/answers.ts";

type Asset = [type: string, text: string];

const ASSETS: { readonly [path: string]: Asset } = {
  // The types of the runtime know a page only as a bundle.
  "/": ["text/html; charset=utf-8", html as unknown as string],
  "/page/page.css": ["text/css; charset=utf-8", [base, frame, log, composer].join("\n")],
  "/page/main.js": ["text/javascript; charset=utf-8", script()],
  "/page/icon.svg": ["image/svg+xml", icon],
};

/** A file of the page; a Refusal with 404 or 405. */
export function showAsset(method: string, path: string): Response {
  const [type, text] = (Object.hasOwn(ASSETS, path) && ASSETS[path]) || refuse(404, "not found");
  if (method !== "GET" && method !== "HEAD") {
    refuse(405, "this is only to be read", {}, { allow: "GET, HEAD" });
  }
  const headers = {
    "content-type": type,
    // Checked each time: after an upgrade the old script would not know the new server.
    "cache-control": "no-cache",
    "content-length": String(Buffer.byteLength(text)),
  };
  return new Response(method === "HEAD" ? null : text, { headers });
}
