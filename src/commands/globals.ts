/** Flags that every command takes, before or after its name. */
import { flag } from "../cli/flag.ts";
import { FORMATS } from "../cli/print.ts";
import { parseApiUrl } from "../platform/api-url.ts";

export const GLOBALS = {
  apiUrl: flag({
    type: "string",
    summary: "address of the platform",
    env: "MOLECULE_API_URL",
    default: "http://localhost:8080",
    placeholder: "url",
    config: "guarded",
    check: (value) => {
      try {
        parseApiUrl(value);
        return undefined;
      } catch (error) {
        return (error as Error).message.replace("--api-url ", "");
      }
    },
  }),
  config: flag({
    type: "string",
    summary: "config file, in place of ./molecule.yaml and ~/.config/molecule.yaml",
    env: "MOLECULE_CONFIG",
    placeholder: "file",
    complete: "file",
  }),
  caFile: flag({
    type: "string",
    summary: "file with more authorities to trust, in PEM, beside the system's",
    env: "MOLECULE_CA_FILE",
    placeholder: "file",
    complete: "file",
    config: "guarded",
    advanced: true,
  }),
  output: flag({
    type: "enum",
    summary: "form of the data on standard output",
    short: "o",
    values: FORMATS,
    default: "table",
    placeholder: "format",
    config: "free",
  }),
  headers: flag({
    type: "boolean",
    summary: "titles above the columns of a table",
    default: true,
    config: "free",
    advanced: true,
  }),
  verbose: flag({
    type: "boolean",
    summary: "tell more on standard error",
    short: "v",
    config: "free",
  }),
};
