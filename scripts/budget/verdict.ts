/** What the budgets are, and whether they are kept. Nothing here measures. */

/**
 * The most that `molecule --version` may be, as a multiple of an empty program that is compiled with the
 * same flags, so they hold on any machine:
 *
 * - size: measured 1.050 on Linux and 1.062 for Apple silicon. What we add is the same everywhere, and the
 *   runtime of macOS is the smallest.
 * - start: measured 1.3 to 1.6 on Linux. It stays below what a touch of process.stdout (2.2 to 2.7) or the whole
 *   of consola (3.3) makes of it.
 * - memory: measured 1.18 to 1.48, as the system has more or less of the file in memory already.
 */
export const LIMITS = { size: 1.07, start: 2, memory: 1.7 } as const;

export interface Verdict {
  kept: boolean;
  /** One line, with the figures. */
  text: string;
  /** What to do where it is not kept. */
  remedy: string;
}

/** A budget of {@link LIMITS}; `shown` are the figures behind the ratio, in their own unit. */
export function judgeRatio(name: keyof typeof LIMITS, ratio: number, shown: string): Verdict {
  const limit = LIMITS[name];
  return {
    // Also broken where there is no figure (NaN).
    kept: ratio <= limit,
    text: `${name}: ${ratio.toFixed(3)} of an empty program's, at most ${limit} (${shown})`,
    remedy: REMEDIES[name],
  };
}

const REMEDIES: Record<keyof typeof LIMITS, string> = {
  size: "look for a new package or an embedded file: bun build --metafile tells what is in it",
  start:
    "import what only one command needs by a literal import() in its run; no process.stdout, .stderr or .stdin, and consola/core, never consola",
  memory: "see what is imported at the start: a runtime module such as node:fs costs megabytes",
};

/** Builds of the same sources in two folders; and the binary at hand, or why it is left out. */
export interface Builds {
  copies: readonly [string, string];
  atHand: { digest: string } | { leftOut: string };
}

/** Whether all are the same bytes (SHA-256). */
export function judgeSameness({ copies: [one, other], atHand }: Builds): Verdict {
  if (one !== other) {
    return {
      kept: false,
      text: `sameness: two folders gave two binaries (${short(one)} and ${short(other)})`,
      remedy: "look for a path, a date or a random number that gets into the build",
    };
  }
  if ("leftOut" in atHand) {
    const text = `sameness: two folders gave the same bytes (${short(one)}); dist is left out: ${atHand.leftOut}`;
    return { kept: true, text, remedy: "" };
  }
  const kept = atHand.digest === one;
  return {
    kept,
    text: kept
      ? `sameness: two folders and dist hold the same bytes (${short(one)})`
      : `sameness: dist holds ${short(atHand.digest)}, and a build of these sources is ${short(one)}`,
    remedy: "run bun run build and try again; if it stays, scripts/build.ts adds something",
  };
}

function short(digest: string): string {
  return digest.slice(0, 12);
}
