/** The whole command line: what runs it, completes it and tests it starts from here. */
import type { Cli } from "../cli/command.ts";
import { VERSION_LINE } from "../project.ts";
import { PLACES } from "./config/places.ts";
import { GLOBALS } from "./globals.ts";
import { ROOT } from "./index.ts";
import { SECRET_VARIABLES } from "../shared/secret-variables.ts";

export const CLI: Cli = {
  root: ROOT,
  globals: GLOBALS,
  secretVariables: SECRET_VARIABLES,
  version: VERSION_LINE,
  config: PLACES,
};
