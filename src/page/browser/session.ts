/**
 * The token of the printed link. It comes in the fragment, which goes to no server and into no log,
 * and stays in this tab: a cookie would go to every program that listens on this machine.
 */
import type { Session } from "../wire.ts";
import { CallError, post } from "./calls.ts";

const KEY = "molecule.token";

/**
 * The token of the link, or of this tab's earlier visit; undefined where there is none. Rejects with
 * a CallError for a ticket that is good no longer.
 */
export async function takeToken(): Promise<string | undefined> {
  const given = new URLSearchParams(location.hash.slice(1));
  const ticket = given.get("ticket");
  let token = given.get("token");
  if (ticket !== null || token !== null) {
    history.replaceState(null, "", location.pathname);
  }
  if (ticket !== null) {
    try {
      ({ token } = await post<Session>("session", { ticket }));
    } catch (error) {
      // Back and forth through the history, say: this tab has been let in before.
      if (!(error instanceof CallError) || kept() === undefined) throw error;
    }
  }
  if (token !== null) sessionStorage.setItem(KEY, token);
  return kept();
}

/** It opens nothing any more. */
export function forgetToken(): void {
  sessionStorage.removeItem(KEY);
}

function kept(): string | undefined {
  return sessionStorage.getItem(KEY) ?? undefined;
}
