/** What completion offers for a value, as a flag declares it. Nothing for free text. */

/** Files, folders, some words, pairs, or words that a file lists. */
export type Offer = "file" | "folder" | readonly Choice[] | Pairs | Listed;

/** A word that may be typed. */
export interface Choice {
  readonly value: string;
  /** One phrase, shown beside it where the shell can. */
  readonly summary?: string;
}

/**
 * Words that the user's own machine knows: read from a file each time, as the script's text is fixed. Of
 * its first 500 lines each is one word of letters, digits, `.`, `_` and `-`, and behind a tab what people
 * call it. Anything else in it is passed over.
 */
export interface Listed {
  /** The file's path below the home folder, with slashes. */
  readonly listed: string;
}

/** `KEY=VALUE`, where the keys follow from what another flag of the command says. */
export interface Pairs {
  /** That flag's name on the command line: `backend` for `--backend`. */
  readonly by: string;
  /** The keys for each of its values. All of them are offered as long as it says none of these. */
  readonly sets: readonly PairSet[];
}

export interface PairSet {
  readonly of: string;
  readonly keys: readonly PairKey[];
}

export interface PairKey {
  readonly key: string;
  readonly summary: string;
  /** The key is only a beginning: `header.` for `header.NAME=VALUE`. */
  readonly open?: boolean;
  readonly values?: "file" | "folder" | readonly Choice[];
}
