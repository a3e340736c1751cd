/** Real shells with a completion script loaded, and what the Tab key does in them. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { tmpFolder } from "../../harness/tmp.ts";
import { Bell } from "../../harness/wait.ts";

/** What became of a line. */
export interface Tabbed {
  /** The line after the key was pressed once. */
  line: string;
  /** The words that were offered, as the shell shows them. */
  offered: string[];
}

export interface Setup {
  script: string;
  /** Where it runs; its home, too. */
  cwd: string;
}

export interface ShellUnderTest {
  name: string;
  installed: boolean;
  /** Types each line into one shell and presses Tab. All that the terminal got is in `screen`. */
  tab(setup: Setup, lines: readonly string[]): Promise<{ tabbed: Tabbed[]; screen: string }>;
}

const BASH_COMPLETION = "/usr/share/bash-completion/bash_completion";
const hasBash = Bun.which("bash") !== null;
const hasZsh = Bun.which("zsh") !== null;

export const SHELLS_UNDER_TEST: ShellUnderTest[] = [
  {
    name: "bash",
    installed: hasBash,
    tab: (setup, lines) => inTerminal(bashArgs, bashSetUp(""), setup, lines),
  },
  {
    name: "bash with bash-completion",
    installed: hasBash && existsSync(BASH_COMPLETION),
    tab: (setup, lines) =>
      inTerminal(bashArgs, bashSetUp(`source ${BASH_COMPLETION}`), setup, lines),
  },
  {
    // What macOS has can't be told of one completion how to end a word.
    name: "bash without compopt",
    installed: hasBash,
    tab: (setup, lines) => inTerminal(bashArgs, bashSetUp("enable -n compopt"), setup, lines),
  },
  {
    name: "bash with nounset",
    installed: hasBash,
    tab: (setup, lines) => inTerminal(bashArgs, bashSetUp("set -u"), setup, lines),
  },
  {
    name: "zsh",
    installed: hasZsh,
    tab: (setup, lines) =>
      inTerminal(
        zshArgs,
        zshSetUp((script) => `${COMPINIT}; source "${script}"`),
        setup,
        lines,
      ),
  },
  {
    name: "zsh with the script in fpath",
    installed: hasZsh,
    tab: (setup, lines) => inTerminal(zshArgs, zshSetUp(inFpath), setup, lines),
  },
  { name: "fish", installed: Bun.which("fish") !== null, tab: inFish },
];

/** Marks in what a shell prints: a line, each word offered, the end of them, and that it is ready. */
const [LINE, WORD, END, READY] = ["\x01", "\x02", "\x03", "\x04"];
const KILL_LINE = "\x15";
const DUMP = "\x0f";

const bashArgs = (file: string) => ["bash", "--noprofile", "--rcfile", file, "-i"];

const bashSetUp = (first: string) => (script: string) => `PS1='$ '
${first}
source "${script}"
seen=()
spy() { _molecule "$@"; seen=(\${COMPREPLY[@]+"\${COMPREPLY[@]}"}); }
registered=$(complete -p molecule)
eval "\${registered/-F _molecule/-F spy}"
dump() {
  printf '\\1%s' "$READLINE_LINE"
  [[ \${#seen[@]} -eq 0 ]] || printf '\\2%s' "\${seen[@]}"
  printf '\\3'
  seen=()
}
bind -x '"\\C-o": dump'
printf '\\4'
`;

const zshArgs = () => ["zsh", "-f", "-i"];

/** -u: it asks about no folder; -D: it leaves no file. */
const COMPINIT = "autoload -Uz compinit; compinit -u -D";

/** A user's own options must not matter either. */
const inFpath = (script: string) =>
  `mkdir "${script}s"; cp "${script}" "${script}s/_molecule"; fpath=("${script}s" $fpath)
setopt rc_quotes sh_word_split ksh_arrays glob_subst noglob
${COMPINIT}`;

const zshSetUp = (load: (script: string) => string) => (script: string) => `PS1='$ '
${load(script)}
typeset -ga seen
compadd() {
  emulate -L zsh
  local -a hits
  [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]] && { builtin compadd "$@"; return }
  builtin compadd -A hits "$@"
  seen+=("\${hits[@]}")
  builtin compadd "$@"
}
dump() {
  emulate -L zsh
  print -rn -- $'\\1'"$BUFFER"
  (( $#seen )) && printf '\\2%s' "\${(@u)seen}"
  print -n $'\\3'
  seen=() BUFFER=
}
zle -N dump
bindkey '^O' dump
print -n $'\\4'
`;

async function inTerminal(
  args: (file: string) => string[],
  setUp: (script: string) => string,
  { script, cwd }: Setup,
  lines: readonly string[],
) {
  using files = tmpFolder();
  const [scriptFile, setUpFile] = [join(files.path, "script"), join(files.path, "set-up")];
  await Bun.write(scriptFile, script);
  await Bun.write(setUpFile, setUp(scriptFile));
  const bell = new Bell();
  const decoder = new TextDecoder();
  let screen = "";
  const argv = args(setUpFile);
  const shell = Bun.spawn(argv, {
    cwd,
    env: { PATH: process.env.PATH ?? "", HOME: cwd, TERM: "dumb", LC_ALL: "C.UTF-8" },
    terminal: {
      cols: 400,
      rows: 100,
      data(_, bytes) {
        screen += decoder.decode(bytes, { stream: true });
        bell.ring();
      },
    },
  });
  const tabbed: Tabbed[] = [];
  try {
    if (args === zshArgs) shell.terminal?.write(`source "${setUpFile}"\n`);
    const until = async (mark: string, from: number, what: string) => {
      const told = () => `${what}; the screen: ${JSON.stringify(screen.slice(from))}`;
      await bell
        .until(() => screen.includes(mark, from), what)
        .catch(() => Promise.reject(new Error(told())));
    };
    await until(READY as string, 0, "the shell to be ready");
    for (const line of lines) {
      const from = screen.length;
      shell.terminal?.write(`${KILL_LINE}${line}\t${DUMP}`);
      await until(END as string, from, `the completion of "${line}"`);
      const said = screen.slice(screen.indexOf(LINE as string, from) + 1);
      const [became = "", ...offered] = said
        .slice(0, said.indexOf(END as string))
        .split(WORD as string);
      tabbed.push({ line: became, offered: offered.map((word) => word.trimEnd()) });
    }
  } finally {
    shell.kill("SIGKILL");
    await shell.exited;
    shell.terminal?.close();
  }
  return { tabbed, screen };
}

const fishArgs = (file: string) => ["fish", "--no-config", "-i", "-C", `source "${file}"`];

const fishSetUp = (script: string) => `source "${script}"
set -g fish_autosuggestion_enabled 0
set -g fish_greeting
function fish_prompt
    printf '$ '
end
function dump
    printf '\\1%s\\3' (commandline | string collect)
end
bind \\co dump
bind \\cu 'commandline ""'
printf '\\4'
`;

/** Its pager shows only a part of what is offered, so fish is asked for that apart: whole words with their summaries. */
async function inFish(setup: Setup, lines: readonly string[]) {
  const [{ tabbed }, screen] = await Promise.all([
    inTerminal(fishArgs, fishSetUp, setup, lines),
    offersOfFish(setup, lines),
  ]);
  const answers = screen.split(END as string);
  const all = tabbed.map(({ line: became }, i): Tabbed => {
    const rows = (answers[i] ?? "").split("\n").filter((row) => row !== "");
    // Where no word begins so, fish offers those that have its letters somewhere.
    const [begun = ""] = /\S*$/.exec(lines[i] ?? "") ?? [];
    const words = rows.map((row) => row.replace(/\t.*/, ""));
    return { line: became, offered: words.filter((word) => word.startsWith(begun)) };
  });
  return { tabbed: all, screen };
}

async function offersOfFish({ script, cwd }: Setup, lines: readonly string[]): Promise<string> {
  using files = tmpFolder();
  const file = join(files.path, "script");
  await Bun.write(file, script);
  const program = `source "${file}"; for line in $argv; complete -C "$line"; printf '\\3'; end`;
  const shell = Bun.spawn(["fish", "--no-config", "-c", program, ...lines], {
    cwd,
    env: { PATH: process.env.PATH ?? "", HOME: cwd, LC_ALL: "C.UTF-8" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [offers, errors] = await Promise.all([shell.stdout.text(), shell.stderr.text()]);
  if (errors !== "") throw new Error(`fish said: ${errors}`);
  return offers;
}
