/** `molecule config`: what is set, where, and by whom, as it is declared. */
import { command, group, type Values } from "../../cli/command.ts";
import { flag } from "../../cli/flag.ts";
import { initFlags } from "./init-flags.ts";

const key = { name: "key", summary: "name of a flag, with underscores", required: true } as const;

const list = command({
  name: "list",
  config: "silent",
  summary: "list all keys with what they are set to, and by what",
  description: `Shows each key with the value that counts and where that comes from: a flag, a variable, a file with
its line, or the default. Of tokens it shows only whether they are set.`,
  examples: ["molecule config list", "molecule config list -o json"],
  run: async (_, context) => (await import("./list-run.ts")).list(context),
});

const get = command({
  name: "get",
  config: "silent",
  summary: "print the value of a key",
  description: "Prints the value that counts, alone on its line; those of a list on a line each.",
  positionals: [key],
  examples: ["molecule config get api_url", "molecule config get api_url -o json"],
  run: async (values, context) => (await import("./list-run.ts")).get(values, context),
});

const view = command({
  name: "view",
  config: "silent",
  summary: "show which files, variables and tokens count, and what they set",
  examples: ["molecule config view", "molecule config view -o yaml"],
  run: async (_, context) => (await import("./view-run.ts")).view(context),
});

const projectFlag = {
  project: flag({
    type: "boolean",
    summary: "the file of the working directory, ./molecule.yaml, instead of the user's",
  }),
};
const setPositionals = [
  key,
  { name: "value", summary: "its value; several for a list", required: true, many: true },
] as const;

export type KeyValues = Values<{}, readonly [typeof key]>;
export type SetValues = Values<typeof projectFlag, typeof setPositionals>;
export type UnsetValues = Values<typeof projectFlag, readonly [typeof key]>;

const set = command({
  name: "set",
  config: "silent",
  summary: "set a key in a config file",
  description: `Writes the key to ~/.config/molecule.yaml, or to the file that --project or --config says. Comments,
order and all other lines stay as they are. A list is replaced as a whole. A path that is given from
here is kept so that it stays right.`,
  flags: projectFlag,
  positionals: setPositionals,
  examples: [
    "molecule config set api_url https://tenant.example.com",
    "molecule config set --project backend exec",
    "molecule config set --project backend_opt cmd=./answer.sh timeout=5m",
  ],
  run: async (values, context) => (await import("./change-run.ts")).set(values, context),
});

const unset = command({
  name: "unset",
  config: "silent",
  summary: "remove a key from a config file",
  flags: projectFlag,
  positionals: [key],
  examples: ["molecule config unset api_url", "molecule config unset --project backend"],
  run: async (values, context) => (await import("./change-run.ts")).unset(values, context),
});

const trustFlags = {
  remove: flag({ type: "boolean", summary: "take the trust back" }),
};
const trustPositionals = [
  { name: "file", summary: "./molecule.yaml if not given", complete: "file" },
] as const;

export type TrustValues = Values<typeof trustFlags, typeof trustPositionals>;

const trust = command({
  name: "trust",
  config: "silent",
  summary: "let a project's config file say what is run, and where tokens go",
  description: `A file in the working directory may come from anybody. Its keys, but for those of how things look, count
only after this command. It shows what the file sets, and trusts the file as it is now: any later change
ends that, but for those of molecule config set. The user's own file needs no trust.`,
  flags: trustFlags,
  positionals: trustPositionals,
  examples: ["molecule config trust", "molecule config trust --remove ../old/molecule.yaml"],
  run: async (values, context) => (await import("./trust-run.ts")).run(values, context),
});

const path = command({
  name: "path",
  config: "silent",
  summary: "print the path of the config file that 'config set' writes",
  flags: projectFlag,
  examples: ['"$EDITOR" "$(molecule config path)"'],
  run: async (values, context) => (await import("./change-run.ts")).path(values, context),
});

const init = command({
  name: "init",
  config: "silent",
  summary: "write a commented config file for this user",
  description: `Writes ~/.config/molecule.yaml, or the file of --config, with the common keys explained. What is given
by flags is set in it; all else stays a comment. For the file of a project see molecule init.`,
  flags: initFlags,
  examples: [
    "molecule config init",
    "molecule config init --api-url https://tenant.example.com --api-token-file ~/admin.token",
  ],
  run: async (values, context) => (await import("./init-run.ts")).user(values, context),
});

export const config = group({
  name: "config",
  summary: "see and change what config files set",
  description: `Every setting comes from the nearest of: the flag, its variable (MOLECULE_API_URL, or MOL_API_URL as the
Go tool had it), ./molecule.yaml, ~/.config/molecule.yaml, the default. --config FILE stands in place of
both files. A key is the name of a flag with underscores: api_url. Tokens stand in no config file;
token_file and api_token_file name files that hold them.`,
  commands: [list, get, set, unset, view, trust, path, init],
  examples: ["molecule config set api_url https://tenant.example.com", "molecule config list"],
});
