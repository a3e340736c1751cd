/**
 * What the server of the page and its part in the browser say to each other: JSON under
 * `/page/api/`, each request with `Authorization: Bearer <token of the page>`. Types alone, since
 * the two share no code.
 *
 * - `GET stream`: server-sent events, each a {@link Frame} as `data:`; the first is a `state`.
 * - `GET workspaces/:id/rows?view=&before=`: a {@link RowPage}, `before` being its `next`.
 * - `GET rows/:id`: the whole row as the feed has it.
 * - `POST workspaces/:id/messages`: an {@link OutgoingMessage} of the person at the canvas; 200.
 * - `POST workspaces/:id/files`: multipart, field `files`; a {@link SentFiles}.
 * - `GET workspaces/:id/files/:fileId`: the bytes.
 * - `POST workspaces/:id/dead-letters/:activityId/retry`: 200.
 * - `POST session`: a {@link Ticket}, without a token; a {@link Session}.
 *
 * A refusal has the body `{error, hint?}`.
 */

/** Something has changed, or is new. */
export type Frame =
  | { type: "state"; state: PageState }
  | { type: "workspace"; workspace: PageWorkspace }
  | { type: "removed"; workspaceId: string }
  /** A row that readers can see from now on; it may be older than others that came before. */
  | { type: "row"; row: PageRow }
  /** `null`: no bridge of this machine has anything to do with the workspace any more. */
  | { type: "bridge"; workspaceId: string; bridge: PageBridge | null }
  /** Where messages stand now, by the ids of their rows; of the others nothing has changed. */
  | { type: "standings"; workspaceId: string; standings: { [activityId: string]: Standing } };

/** All but the rows. */
export interface PageState {
  version: string;
  revision: string;
  /** In the order in which they are shown. */
  workspaces: PageWorkspace[];
  /** Of the workspaces that a bridge of this machine serves, or has served. */
  bridges: { [workspaceId: string]: PageBridge };
  /** Where messages stand that are not settled, by the ids of their rows. */
  standings: { [activityId: string]: Standing };
}

/** A workspace as the platform sees it. Times are milliseconds since 1970. */
export interface PageWorkspace {
  id: string;
  name: string;
  role: string | null;
  /** As the contract has it (1.2): `online`, `awaiting_agent`, … */
  status: string;
  mode: "poll" | "push";
  /** What its agent says that it is doing; "" while it says nothing. */
  task: string;
  activeTasks: number;
  /** Why its calls fail, by its own words; "" while all is well. */
  trouble: string;
  heartbeatAt: number | null;
  /** Whether it may speak to the person at the canvas. */
  mayTalk: boolean;
  /** The command line that connects an agent to it, where its token lies in a file. */
  connect: string | null;
}

/** A bridge of this machine, by its own words. Times are milliseconds since 1970. */
export interface PageBridge {
  /** As `molecule status` has it: `connected`, `troubled`, `draining`, …; `none`: it has ended. */
  state: string;
  /** What is wrong, the worst first. */
  troubles: string[];
  /** What answers; null where it tells nothing of itself. */
  backend: string | null;
  pid: number | null;
  since: number | null;
  /** The event stream that wakes it: `healthy`, `open`, `away` or `off`; null where it does not tell. */
  wake: string | null;
  /** Messages that it has not settled, answers that are not delivered yet, messages given up. */
  unsettled: number;
  outbox: number;
  deadLetters: number;
}

/**
 * Where a message stands with the bridge of this machine that fetches it; one in push mode keeps no such account:
 * - `journal`: taken, and waits for its turn; `running`: the backend has it;
 * - `outbox`: answered, and the answer is being posted;
 * - `settled`: nothing more happens to it; `dead`: given up, for `reason`.
 */
export interface Standing {
  state: "journal" | "running" | "outbox" | "settled" | "dead";
  /** How often the backend was begun with. */
  runs?: number;
  reason?: string;
}

/** `conversation`: with the canvas. `peers`: with workspaces, either way. `activity`: every row. */
export type View = "conversation" | "peers" | "activity";

/** Rows, newest first. */
export interface RowPage {
  rows: PageRow[];
  /** Where to read on; null where there is nothing older. */
  next: string | null;
}

/** A row of the activity feed, digested. */
export interface PageRow {
  id: string;
  /** Its place: rows are in order by `at`, and by this where they share that. */
  seq: number;
  /** RFC 3339 in UTC with nine digits: its order as text is its order in time. */
  at: string;
  workspaceId: string;
  /**
   * `user`: the canvas to the agent. `agent`: the agent to the canvas. `peer`: `sourceId` to the
   * workspace. `progress`: a line of the agent on what it does. `other`: only a line of the feed.
   */
  kind: "user" | "agent" | "peer" | "progress" | "other";
  type: string;
  method: string | null;
  sourceId: string | null;
  targetId: string | null;
  status: string;
  summary: string | null;
  error: string | null;
  durationMs: number | null;
  /** The sender's own id of the message. */
  messageId: string | null;
  said: Said;
  /** What an agent in push mode answered on the spot. */
  answer: Said | null;
  /** Absent where no bridge of this machine knows it, as of a message that was pushed to its agent. */
  standing?: Standing;
}

/** What somebody said: text, and files. */
export interface Said {
  text: string;
  /** There is more of it: the whole row has it. */
  clipped: boolean;
  files: PageFile[];
}

export interface PageFile {
  name: string;
  mimeType: string | null;
  /** Bytes. */
  size: number | null;
  /** The path below `/page/api/` that has its bytes; null where they are not on this platform. */
  path: string | null;
}

export interface OutgoingMessage {
  /** Made by the page: the same one sent again is no second message (revision 2). */
  messageId: string;
  text: string;
  files: SentFile[];
}

/** A file that was handed in, to be named in a message. */
export interface SentFile {
  uri: string;
  name: string;
  mimeType: string;
  size: number;
}

export interface SentFiles {
  files: SentFile[];
}

/** Good for one use, soon after it was made: from a link that others on this machine may see. */
export interface Ticket {
  ticket: string;
}

export interface Session {
  token: string;
}
