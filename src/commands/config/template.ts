/** The text of a first config file: the common keys, each explained by its flag. */
import { wrap } from "../../cli/columns.ts";
import { lineOf } from "../../cli/config/edit.ts";
import type { ConfigKeys } from "../../cli/config/keys.ts";
import type { Place } from "../../cli/config/places.ts";
import { variablesOf } from "../../cli/config/variables.ts";

/** Keys with the texts that the file is to set. */
export type Given = ReadonlyMap<string, readonly string[]>;

/** The text of a file that sets what is given, and shows the rest as comments. */
export function renderTemplate({ kind }: Place, given: Given, keys: ConfigKeys): string {
  const blocks = [
    HEADS[kind],
    ...Object.entries(EXAMPLES).map(([key, texts]) => block(key, texts)),
  ];
  blocks.push(LIST);
  for (const key of given.keys()) if (!Object.hasOwn(EXAMPLES, key)) blocks.push(block(key, []));
  return `${blocks.map((lines) => lines.join("\n")).join("\n\n")}\n`;

  function block(key: string, example: readonly string[]): string[] {
    const known = keys.get(key);
    if (known === undefined) throw new Error(`there is no key ${key}`);
    const { flag, name } = known;
    const [variable] = variablesOf(name, flag);
    const about = `${flag.description}${flag.options === undefined ? "" : ` (${flag.options.join("|")})`}`;
    const words = wrap(variable === undefined ? about : `${about}; $${variable}`, WIDTH);
    const texts = given.get(key);
    const lines = lineOf(key, flag, texts ?? example).split("\n");
    const comment = (line: string) => `# ${line}`;
    return [...words.map(comment), ...(texts === undefined ? lines.map(comment) : lines)];
  }
}

const WIDTH = 98;

const FIRST = "# Config of molecule. Flags and variables stand before what is set here.";
const MORE =
  "# 'molecule config list' shows all keys and what they are set to. Tokens do not belong here.";

const HEADS: Record<Place["kind"], readonly string[]> = {
  project: [
    FIRST,
    "# It is read by commands that are run in this folder, and stands before ~/.config/molecule.yaml.",
    "# After a change by hand: 'molecule config trust'. Paths are relative to this file.",
    MORE,
  ],
  user: [FIRST, "# A ./molecule.yaml stands before it. Paths are relative to this file.", MORE],
  file: [FIRST, "# It is read where --config names it. Paths are relative to this file.", MORE],
};

/** No flag of `molecule init` sets it. */
const LIST: readonly string[] = [
  "# several workspaces for one 'molecule connect' without an id; what stands above holds for each of",
  "# them, unless it says otherwise here",
  "# workspaces:",
  "#   - id: 0f8fad5b-d9cb-469f-a165-70867728950e",
  "#     token_file: ./first.token",
  "#   - id: 7c9e6679-7425-40de-944b-e07fc1f90ae7",
  "#     token_env: SECOND_TOKEN",
  "#     backend: exec",
  "#     backend_opt:",
  "#       cmd: ./second.sh",
];

/** The keys that most need, with values as they may look. */
const EXAMPLES: Record<string, readonly string[]> = {
  api_url: ["https://tenant.example.com"],
  token_file: ["./workspace.token"],
  api_token_file: ["~/admin.token"],
  org_id: ["my-organisation"],
  backend: ["exec"],
  backend_opt: ["cmd=./answer.sh"],
  allow_from: ["canvas"],
  output: ["json"],
};
