/** What config files say, once they are read. */
import type { MoleculeError } from "../../shared/errors.ts";
import type { ConfigKind, Place } from "./places.ts";

/** A value as it stands in a file. Its flag has accepted it. */
export interface FileValue {
  /** `api_url`. */
  readonly key: string;
  /** One text, or those of a list; a path is absolute. */
  readonly texts: readonly string[];
  readonly line: number;
  readonly kind: ConfigKind;
  /** Where it stands, for messages: `./molecule.yaml:3`. */
  readonly origin: string;
  /** Why it does not count: nobody has trusted the project's file, or not as it is now. */
  readonly doubt: "untrusted" | "changed" | undefined;
  /** Of a list, which has no texts. */
  readonly items?: readonly ConfigItem[];
}

/** An item of a list, whose values have been accepted as those of a file are. */
export interface ConfigItem {
  /** Where it begins: `./molecule.yaml:7`. */
  readonly origin: string;
  /** By key. */
  readonly values: ReadonlyMap<string, FileValue>;
}

/** A list as a command gets it. */
export interface ConfigList {
  readonly key: string;
  readonly origin: string;
  readonly kind: ConfigKind;
  readonly items: readonly ConfigItem[];
  /** Why it may not be used; told by who would use it. */
  readonly refusal: MoleculeError | undefined;
  /** What the files that count as much as this one or less have for a key that stands in no list. */
  above(key: string): string | undefined;
}

/** Something that is wrong with a file. */
export interface Problem {
  readonly message: string;
  /** Counted from 1; undefined where it is the whole file. */
  readonly line: number | undefined;
  readonly hint: string | undefined;
}

/** `own` needs no trust: the operator's file, or one that was named. */
export type Trust = "own" | "trusted" | "untrusted" | "changed";

/** A file that was looked for. */
export interface ConfigFile extends Place {
  readonly exists: boolean;
  /** Its path without links, absolute. */
  readonly real: string;
  /** SHA-256 of what was read, in hex; undefined where nothing could be. */
  readonly digest: string | undefined;
  readonly trust: Trust;
  /** By key; without those that have a problem. */
  readonly values: ReadonlyMap<string, FileValue>;
  readonly problems: readonly Problem[];
}

/** The files of a command, the one that counts most first. */
export class Config {
  constructor(readonly files: readonly ConfigFile[]) {}

  /** What the files have for a key, the value that counts most first. */
  all(key: string): FileValue[] {
    return this.files.flatMap(({ values }) => values.get(key) ?? []);
  }

  /** All that is wrong, with the place in front of each message. */
  get problems(): Problem[] {
    return this.files.flatMap(({ shown, problems }) =>
      problems.map((problem) => ({
        ...problem,
        message: `${placeOf(shown, problem.line)}: ${problem.message}`,
      })),
    );
  }
}

/** A place in a file as messages name it. */
export function placeOf(shown: string, line: number | undefined): string {
  return line === undefined ? shown : `${shown}:${line}`;
}
