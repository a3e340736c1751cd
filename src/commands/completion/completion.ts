/** `molecule completion` as it is declared. */
import { command, type Values } from "../../cli/command.ts";
import { SHELLS } from "../../cli/completion/shells.ts";

const positionals = [
  { name: "shell", summary: "the shell to write it for", required: true, values: SHELLS },
] as const;

export type CompletionValues = Values<{}, typeof positionals>;

export const completion = command({
  name: "completion",
  config: "unread",
  summary: "print a script that completes command lines in a shell",
  description: `Prints the script on standard output. The script is whole in itself: it knows the commands and flags of
this version, and runs nothing. Write it again after an update. The ids of workspaces it reads from
~/.config/molecule/workspaces.tsv, where the commands note what they have met.

To have it in every new shell, once:

  bash        add to ~/.bashrc:  eval "$(molecule completion bash)"
  zsh         add to ~/.zshrc, below compinit:  source <(molecule completion zsh)
  fish        molecule completion fish > ~/.config/fish/completions/molecule.fish
  powershell  add to the file $PROFILE:  molecule completion powershell | Out-String | Invoke-Expression`,
  positionals,
  examples: ["molecule completion bash", "molecule completion powershell"],
  run: async (values, context) => (await import("./completion-run.ts")).run(values, context),
});
