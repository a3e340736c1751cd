/** What the exit code of a bridge says (README, "Exit codes"). */
import { ExitCode } from "../../shared/errors.ts";

/** As a clause: "it ended with 3: the token was refused". */
export function exitWords(code: number): string {
  const words = MEANINGS[code];
  return `it ended with ${code}${words === undefined ? "" : `: ${words}`}`;
}

const MEANINGS: Record<number, string> = {
  [ExitCode.usage]: "its flags or its address are wrong",
  [ExitCode.refused]: "the platform refused its token",
  [ExitCode.unreachable]: "the platform could not be reached",
  [ExitCode.removed]: "the workspace was removed",
  // systemd.exec(5), "Process Exit Codes".
  200: "its folder can't be entered",
  203: "its program can't be run",
  217: "there is no such user",
  226: "systemd could not fence it in here",
  243: "its token file can't be read",
};
