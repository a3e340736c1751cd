/** What a service of the operating system is to run, whichever system that is. */

/** What one service serves: a workspace, each workspace that an instance is made for, or a config file's list. */
export type Subject =
  | { readonly kind: "workspace"; readonly id: string }
  | { readonly kind: "template" }
  | { readonly kind: "fleet" };

export interface ServiceSpec {
  readonly subject: Subject;
  /** `user`: of the one who is logged in; `system`: from start-up on, for all. */
  readonly scope: "user" | "system";
  /** Absolute path of the program. */
  readonly program: string;
  /** The words after it. In a template `%i` in them is the instance, on systemd. */
  readonly args: readonly string[];
  /** Absolute path of the folder that it works in. */
  readonly folder: string;
  /** Variables that it gets. Others can read them: nothing secret. */
  readonly env: Readonly<Record<string, string>>;
  /** Absolute path of a file with more of them, which may be secret. Only systemd takes one. */
  readonly envFile: string | undefined;
  /** The user that a service of the system runs as. */
  readonly runAs: Account | undefined;
  /** On systemd, for a service of the system: the file that the token is handed over from. */
  readonly credential: string | undefined;
  /** The same for the file with the address of a store that is shared with other machines. */
  readonly storeFile: string | undefined;
  /** Absolute path of the folder for its state, where it is not the default one. */
  readonly stateDir: string | undefined;
  /** How long it may finish what is in hand, in seconds. */
  readonly graceSecs: number;
  /** Address of the documentation. */
  readonly documentation: string;
}

export interface Account {
  readonly name: string;
  /** Absolute path. */
  readonly home: string;
}

/** How much longer than its grace a service may take to end, in seconds: answers are posted, state is saved. */
export const STOP_MARGIN_SECS = 15;

/** The workspace that is served; undefined where it is not one alone. */
export function idOf(subject: Subject): string | undefined {
  return subject.kind === "workspace" ? subject.id : undefined;
}

/** What is served, for people. */
export function describe(subject: Subject): string {
  switch (subject.kind) {
    case "workspace":
      return `workspace ${subject.id}`;
    case "template":
      return "a workspace";
    case "fleet":
      return "the workspaces of a config file";
  }
}
