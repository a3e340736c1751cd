/** The flags for a store that several machines share, in place of the state folder. */
import { flag } from "../../cli/flag.ts";
import { STORE } from "../../shared/secret-variables.ts";
import { parseStoreAddress, STORE_FORM } from "../../store/postgres/address.ts";

export const storeFlags = {
  store: flag({
    type: "string",
    summary:
      "Postgres that keeps what bridges know, for several machines; others on this machine can read it, a file is safer",
    env: STORE,
    placeholder: "address",
    secret: true,
    check: (text) => (parseStoreAddress(text) === undefined ? STORE_FORM : undefined),
    advanced: true,
  }),
  storeFile: flag({
    type: "string",
    summary: "file that holds the address of that Postgres",
    env: `${STORE}_FILE`,
    placeholder: "file",
    complete: "file",
    config: "guarded",
    advanced: true,
  }),
};

/** How processes share the work. */
export const sharingFlags = {
  lease: flag({
    type: "duration",
    summary: "with --store: how long a bridge may be silent before another takes its place",
    default: "10s",
    min: "1s",
    max: "10m",
    advanced: true,
    config: "guarded",
  }),
  maxWorkspaces: flag({
    type: "integer",
    summary: "with --store: workspaces that this process serves at most; others serve the rest",
    min: 1,
    max: 100_000,
    advanced: true,
    config: "guarded",
  }),
};
