/** `molecule completion`: the script of a shell, on standard output. */
import type { Context } from "../cli/command.ts";
import { completionScript } from "../cli/completion/script.ts";
import type { CompletionValues } from "./completion.ts";

export function run({ shell }: CompletionValues, { cli, io }: Context): Promise<void> {
  return io.out(completionScript(shell, cli));
}
