/** The platform's address, as an operator may give it. */
import { UsageError } from "../shared/errors.ts";

/**
 * Checks a base URL: http or https, no credentials, query or fragment. A path is kept; a trailing
 * slash makes no difference. Throws a UsageError.
 */
export function parseApiUrl(text: string, named = "--api-url"): URL {
  const hint = "It looks like https://tenant.example.com or http://localhost:8080.";
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new UsageError(`${named} must be a URL`, hint);
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new UsageError(`${named} must begin with http:// or https://`, hint);
  }
  if (url.username !== "" || url.password !== "") {
    throw new UsageError(`${named} must not hold a user name or password`, hint);
  }
  if (url.search !== "" || url.hash !== "") {
    throw new UsageError(`${named} must end before any "?" or "#"`, hint);
  }
  url.pathname = url.pathname.replace(/\/+$/, "");
  return url;
}
