/**
 * The agent of a chaos run: a shell script for the exec backend. It answers the number n with 2n+1
 * after some milliseconds, and writes down when each run begins and ends, and whether an earlier run
 * of the same message was alive when it began.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Each line is one write to a file opened with O_APPEND, so that runs can't mix theirs. */
const SCRIPT = `
read -r n
# Only a bridge that died closes the pipe without a message.
[ -n "$n" ] || exit 0
echo "start $n $$ $CHAOS_LIFE $MOLECULE_ATTEMPT $MOLECULE_INTERRUPTED" >>"$CHAOS_FOLDER/log"
if [ -e "$CHAOS_FOLDER/runs/$n" ]; then
  while read -r old; do
    # A zombie, or a stranger of the same number, has not the message's mark.
    kill -0 "$old" 2>/dev/null &&
      tr '\\0' '\\n' 2>/dev/null <"/proc/$old/environ" | grep -qx "MOLECULE_RUN_ID=$MOLECULE_RUN_ID" &&
      echo "alive $n $$ $old" >>"$CHAOS_FOLDER/log"
  done <"$CHAOS_FOLDER/runs/$n"
fi
echo $$ >>"$CHAOS_FOLDER/runs/$n"
sleep "0.$(printf %03d $(( ($$ * 7919 + n * 31) % 170 + 30 )))"
echo "end $n $$" >>"$CHAOS_FOLDER/log"
echo $((2 * n + 1))
`;

/** One run of the backend. */
export interface AgentRun {
  n: number;
  pid: number;
  /** The life of the bridge in which it began, counted from 1. */
  life: number;
  attempt: number;
  interrupted: boolean;
  ended: boolean;
}

export class Agent {
  /** For `--backend-opt cmd=`. */
  readonly command: string;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(join(folder, "runs"), { recursive: true });
    const script = join(folder, "agent.sh");
    writeFileSync(script, SCRIPT);
    writeFileSync(join(folder, "log"), "");
    this.command = `. '${script}'`;
  }

  /** The variables that the script needs in that life of the bridge. */
  env(life: number): Record<string, string> {
    return { CHAOS_FOLDER: this.#folder, CHAOS_LIFE: String(life) };
  }

  /** All runs so far, in the order in which they began. */
  get runs(): AgentRun[] {
    const runs: AgentRun[] = [];
    const open = new Map<string, AgentRun>();
    for (const [what, n = "", pid = "", life, attempt, interrupted] of this.#lines) {
      const key = `${n} ${pid}`;
      if (what === "end") {
        const run = open.get(key);
        if (run !== undefined) run.ended = true;
      } else if (what === "start") {
        const run: AgentRun = {
          n: Number(n),
          pid: Number(pid),
          life: Number(life),
          attempt: Number(attempt),
          interrupted: interrupted === "true",
          ended: false,
        };
        runs.push(run);
        open.set(key, run);
      }
    }
    return runs;
  }

  /** Messages that were begun while an earlier run of theirs was alive. */
  get overlaps(): string[] {
    return this.#lines.filter(([what]) => what === "alive").map((words) => words.join(" "));
  }

  get #lines(): string[][] {
    const text = readFileSync(join(this.#folder, "log"), "utf8");
    return text
      .split("\n")
      .slice(0, -1)
      .map((line) => line.split(" "));
  }
}
