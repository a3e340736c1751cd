/** `molecule completion`: the script of a shell, on standard output. */
import type { Context } from "../../cli/command.ts";
import { loadAll } from "../../cli/tree.ts";
import { completionScript } from "../../cli/completion/script.ts";
import type { CompletionValues } from "./completion.ts";

export async function run({ shell }: CompletionValues, { cli, io }: Context): Promise<void> {
  await loadAll(cli.root);
  await io.out(completionScript(shell, cli));
}
