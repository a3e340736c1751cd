/** `molecule dead-letter` as a process, and a state folder with letters to try it on. */
import { runToEnd, type Ended, type Run } from "./binary.ts";
import { connect } from "./connect.ts";
import { row, ScriptedPlatform, WORKSPACE } from "./scripted-platform.ts";

/** The command on the default state folder of the home. */
export function deadLetter(
  home: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<Run & Ended> {
  const [verb = "", ...more] = args;
  return runToEnd(["dead-letter", verb, WORKSPACE, ...more], { home, env });
}

/** Answers to what begins with "fail" by refusing it (exit 65), and echoes the rest. */
export const PICKY = 'read -r text; case "$text" in fail*) exit 65;; *) echo "echo: $text";; esac';

/**
 * Leaves two letters in the home: row 1, whose run failed, and row 2, whose answer was refused. The
 * platform refuses no more answers afterwards.
 */
export async function leaveLetters(
  platform: ScriptedPlatform,
  home: string,
  failing = "fail",
  env: Record<string, string> = {},
): Promise<void> {
  platform.rows = [row(1, { text: failing }), row(2)];
  platform.on("a2a", ({ body }) =>
    body.params.message.metadata.molecule_reply.failed === true
      ? undefined
      : Response.json({ error: "no such workspace" }, { status: 404 }),
  );
  await using bridge = connect(platform.url, home, { cmd: PICKY, flags: { once: true }, env });
  await bridge.endsWith(0);
  platform.on("a2a", () => undefined);
  platform.seen.length = 0;
}
