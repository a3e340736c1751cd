/** Whether claude is logged in, by its own word: `claude auth status` calls no API. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { asObject, get, getString, tryParseJson } from "../../shared/json.ts";
import type { BackendParts, Login } from "../backend.ts";
import type { ClaudeSettings } from "./args.ts";
import { LOGIN_HINT } from "./error.ts";
import { claudeEnv } from "./run.ts";
import type { ClaudeVersion } from "./version.ts";
import { runChild } from "../process/child.ts";
import { findProgram, notFound } from "../process/program.ts";
import { loginWord } from "../login-word.ts";

/** How long it may take, in milliseconds: most of it is the machine being busy. */
export const LOGIN_MS = 8_000;

/**
 * Asks claude as a run would find it: in the same folder and environment. Never rejects.
 *
 * Only a version that is known is asked. One that has no such command would take its words for a prompt,
 * and answer them.
 */
export async function askLogin(
  settings: Pick<ClaudeSettings, "bin" | "args" | "cwd">,
  parts: BackendParts,
  version: ClaudeVersion,
  signal: AbortSignal,
): Promise<Login> {
  const env = claudeEnv(parts);
  const program = findProgram(settings.bin, env);
  if (program === undefined) return unknown(notFound(settings.bin));
  if (version.known(program) === undefined) return unknown("claude does not tell its version");
  // They go with a run, and some of them swallow what stands behind them.
  if (settings.args.some((arg) => OWN_LOGIN.test(arg))) {
    return unknown("the settings in option args may have a login of their own");
  }
  const end = await runChild({
    argv: [program, "auth", "status"],
    cwd: settings.cwd,
    env,
    stdin: "",
    timeoutMs: LOGIN_MS,
    maxStdout: 16 * 1024,
    onStderrLine() {},
    secrets: parts.secrets,
    signal,
    clock: parts.clock,
  });
  switch (end.kind) {
    case "exited":
      return read(end.truncated ? "" : end.stdout, settings.cwd);
    case "not-started":
      return unknown(end.reason);
    case "timeout":
    case "stopped":
      return unknown("claude did not say so in time");
  }
}

const OWN_LOGIN = /^--(settings|setting-sources|bare)(=|$)/;

function read(stdout: string, cwd: string | undefined): Login {
  const status = asObject(tryParseJson(stdout.trim()));
  const loggedIn = get(status, "loggedIn");
  if (typeof loggedIn !== "boolean")
    return unknown("claude does not say so in words that are known");
  // Another's cloud has logins of its own, which claude says nothing of.
  if (getString(status, "apiProvider") !== "firstParty") {
    return unknown("claude calls its model through another provider");
  }
  if (loggedIn) return { kind: "in", as: loginWord(getString(status, "authMethod")) };
  if (mayBringLogin(cwd)) {
    return unknown("the folder's .claude settings set variables, of which a run makes use");
  }
  return { kind: "out", reason: "claude is not logged in", hint: LOGIN_HINT };
}

/** `claude auth status` (2.1.197) leaves out the variables in a folder's settings, and `claude -p` does not. */
function mayBringLogin(cwd = "."): boolean {
  return ["settings.json", "settings.local.json"].some((name) => {
    try {
      const text = readFileSync(resolve(cwd, ".claude", name), "utf8");
      const settings = asObject(tryParseJson(text));
      return settings === undefined || Object.keys(asObject(settings.env) ?? {}).length > 0;
    } catch {
      return false;
    }
  });
}

function unknown(why: string): Login {
  return { kind: "unknown", why };
}
