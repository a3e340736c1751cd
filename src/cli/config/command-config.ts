/** The config files as one command sees them. */
import type { MoleculeError } from "../../shared/errors.ts";
import type { Secrets } from "../../shared/secrets.ts";
import type { ConfigNeed } from "../command.ts";
import type { Io } from "../output.ts";
import type { Config, ConfigList, FileValue } from "./config.ts";
import { faultOf, refusalOf, warningsOf } from "./faults.ts";
import { type LoadParts, loadConfig } from "./load.ts";
import type { ConfigKind, Place } from "./places.ts";

/** Reads the files. Rejects where one is faulty and the command is strict; tells of it where it is lenient. */
export async function commandConfig(
  places: readonly Place[],
  parts: LoadParts,
  need: ConfigNeed,
  io: Pick<Io, "err">,
): Promise<CommandConfig> {
  const config = await loadConfig(places, parts);
  const fault = need === "strict" ? faultOf(config) : undefined;
  if (fault !== undefined) throw fault;
  if (need === "lenient") for (const warning of warningsOf(config)) io.err(warning);
  return new CommandConfig(config, need, parts.places.trustCommand, parts.secrets);
}

export class CommandConfig {
  readonly #config: Config;
  readonly #need: ConfigNeed;
  readonly #trustCommand: string;
  readonly #secrets: Secrets;

  constructor(config: Config, need: ConfigNeed, trustCommand: string, secrets: Secrets) {
    this.#config = config;
    this.#need = need;
    this.#trustCommand = trustCommand;
    this.#secrets = secrets;
  }

  /** What the files have for a key, the value that counts most first. */
  all(key: string): FileValue[] {
    return this.#config.all(key);
  }

  /** The kinds of the files, the one that counts most first. */
  get kinds(): ConfigKind[] {
    return this.#config.files.map(({ kind }) => kind);
  }

  /** The list of the file that counts most of those that have one. */
  list(key: string): ConfigList | undefined {
    const found = this.all(key)[0];
    if (found?.items === undefined) return undefined;
    const refusal = this.refusal(found);
    if (refusal === "passed over") return undefined;
    const from = this.kinds.indexOf(found.kind);
    const below = ({ kind }: FileValue) => this.kinds.indexOf(kind) >= from;
    const above = (one: string) => this.all(one).find(below)?.texts[0];
    const { origin, kind, items } = found;
    return { key, origin, kind, items, refusal, above };
  }

  /** Why a value may not be used. A command that looks at the config itself does without it. */
  refusal(value: FileValue, flag?: string): MoleculeError | "passed over" | undefined {
    if (value.doubt === undefined) return undefined;
    if (this.#need === "silent") return "passed over";
    return refusalOf(value, flag, this.#trustCommand, this.#secrets);
  }
}
