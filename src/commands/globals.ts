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
    check: (value) => {
      try {
        parseApiUrl(value);
        return undefined;
      } catch (error) {
        return (error as Error).message.replace("--api-url ", "");
      }
    },
  }),
  output: flag({
    type: "enum",
    summary: "form of the data on standard output",
    short: "o",
    values: FORMATS,
    default: "table",
    placeholder: "format",
  }),
  verbose: flag({ type: "boolean", summary: "tell more on standard error", short: "v" }),
};
