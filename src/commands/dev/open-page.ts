/** Opens the page in the browser of whoever sits at this machine. */
import { childEnv } from "../../backends/process/child-env.ts";
import { findProgram } from "../../backends/process/program.ts";
import type { Context } from "../../cli/command.ts";
import { messageOf } from "../../shared/errors.ts";
import { oneLine } from "../../shared/text.ts";

/** What is done instead where it can't be opened. Other users may see the link, so it holds no token. */
type Fail = (why: string) => void;

/**
 * Starts what opens `link`, and does not wait for it; the end of this program is not its end. `fail` is told,
 * perhaps later, why it can't be opened. Never throws. `system`: as `process.platform` has it.
 */
export function openPage(
  link: string,
  { env, io }: Pick<Context, "env" | "io">,
  fail: Fail,
  system: string = process.platform,
): void {
  const theirs = childEnv({ env, secrets: io.secrets });
  let name = nameOf(system);
  try {
    const argv = openerOf(link, theirs, system);
    if (argv === undefined) return fail(`there is no ${name} on the PATH`);
    name = argv[0] ?? name;
    const child = Bun.spawn([...argv], {
      env: theirs,
      stdin: "ignore",
      stdout: "ignore",
      stderr: "ignore",
      // Ctrl-C in our terminal is not meant for a browser that it has started.
      detached: true,
    });
    child.unref();
    void child.exited.then((code) => {
      if (code !== 0) fail(`${name} ended with ${code}`);
    });
  } catch (error) {
    fail(`${oneLine(name, 100)} can't be started: ${messageOf(error)}`);
  }
}

/**
 * The command line that opens the link, with the path of its program; undefined where there is none. On
 * Linux `$BROWSER` counts first: command lines with colons between, of which the first that is there is
 * taken, and in which `%s` stands for the link.
 */
export function openerOf(
  link: string,
  env: Record<string, string>,
  system: string,
): readonly string[] | undefined {
  const named = system === "darwin" || system === "win32" ? [] : (env["BROWSER"] ?? "").split(":");
  for (const text of [...named, OPENERS[system] ?? OPENER]) {
    const words = text.split(/\s+/).filter((word) => word !== "");
    const filled = words.map((word) => word.replaceAll("%s", () => link));
    const [name, ...rest] = text.includes("%s") ? filled : [...filled, link];
    const path = words.length === 0 ? undefined : findProgram(name ?? "", env);
    if (path !== undefined) return [path, ...rest];
  }
  return undefined;
}

const OPENER = "xdg-open";
const OPENERS: Record<string, string> = {
  darwin: "open",
  win32: "rundll32 url.dll,FileProtocolHandler",
};

function nameOf(system: string): string {
  return (OPENERS[system] ?? OPENER).split(" ")[0] ?? OPENER;
}
