/** What a program that answers messages may not see of the tokens, whichever flag they are for. */
import { expect, test } from "bun:test";
import { childEnv } from "../../../src/backends/process/child-env.ts";
import { commandAt } from "../../../src/cli/command.ts";
import { snake, variablesOf } from "../../../src/cli/config/variables.ts";
import { loadAll, walk } from "../../../src/cli/tree.ts";
import { CLI } from "../../../src/commands/cli.ts";
import { SECRET_VARIABLES } from "../../../src/shared/secret-variables.ts";
import { Secrets } from "../../../src/shared/secrets.ts";

await loadAll(CLI.root);

/** Of all commands, each flag of a name once. */
const FLAGS = new Map(
  [CLI.globals, ...walk(CLI.root).map(({ node }) => commandAt(node)?.args ?? {})].flatMap((flags) =>
    Object.entries(flags),
  ),
);
const SECRET = [...FLAGS].filter(([, flag]) => flag.secret === true);
const SECRET_FILES = [...FLAGS].filter(([name]) => /(?:token|store).?file$/i.test(name));

function withheld(variables: readonly string[]): string[] {
  const env = Object.fromEntries(variables.map((name) => [name, "x"]));
  const passed = childEnv({ env, secrets: new Secrets() });
  return variables.filter((name) => !(name in passed));
}

test("the flags that hold a secret, or name its file, are found", () => {
  expect(SECRET.map(([name]) => name).sort()).toEqual(["apiToken", "store", "token"]);
  expect(SECRET_FILES.map(([name]) => name).sort()).toEqual([
    "apiTokenFile",
    "storeFile",
    "tokenFile",
  ]);
});

test.each(SECRET)("the variable of --%s, its _FILE, and their MOL_ forms are withheld", (...of) => {
  const [name, flag] = of;
  const forms = [flag.env ?? "", `MOL_${snake(name).toUpperCase()}`];
  const variables = forms.flatMap((form) => [form, `${form}_FILE`]);
  expect(withheld(variables)).toEqual(variables);
  expect(SECRET_VARIABLES).toContain(flag.env ?? "");
});

test.each(SECRET_FILES)("every variable that %s is read from is withheld", (name, flag) => {
  const variables = variablesOf(name, flag);
  expect(variables).toHaveLength(2);
  expect(withheld(variables)).toEqual(variables);
});
