/**
 * What must outlive the process, behind asynchronous interfaces: one for each thing that is kept.
 * Every method rejects with a MoleculeError that names the file and says what to do.
 *
 * Where nothing else is said, what a method changed survives the death of the process when it
 * resolves. Methods marked *durable* also survive a power cut, with everything that was changed
 * before them.
 */
import type { FolderStore } from "./store-files.ts";
import type { StoreLock } from "./store-lock.ts";
import type { DeadLetters, Outbox, Reply } from "./store-outbox.ts";

export type * from "./store-files.ts";
export type * from "./store-lock.ts";
export type * from "./store-outbox.ts";

/** All of it, for one workspace. */
export interface Store {
  readonly lock: StoreLock;
  readonly journal: Journal;
  readonly outbox: Outbox;
  readonly deadLetters: DeadLetters;
  readonly memory: Memory;
  readonly files: FolderStore;

  /**
   * Opens what is kept, once the lock is held, and proves that it can be written. One that is away is waited for
   * until `stop` aborts: then it is to be closed, and nothing else.
   */
  open(stop?: AbortSignal): Promise<void>;
  /** Whether another process (`molecule dead-letter`) has changed anything since the last call or the opening. */
  changed(): Promise<boolean>;
  /** Removes what is older than 30 days and not needed any more. */
  prune(): Promise<void>;
  /** Ends all use of the store and frees the lock. It may be taken and opened again. */
  close(): Promise<void>;

  loadCursor(): Promise<Cursor>;
  /** Durable, together with the journal. */
  saveCursor(cursor: Cursor): Promise<void>;
  /** A token that the platform handed out at registration, if one was kept. */
  loadToken(): Promise<string | undefined>;
  saveToken(token: string): Promise<void>;
}

/** How far the feed is settled. Everything at or below it is answered or passed over for good. */
export interface Cursor {
  /** Id of the newest row below which all is settled; undefined before the first one. */
  lastSinceId: string | undefined;
  /**
   * That row with its time, kept also where the platform has forgotten the row (410): rows not newer
   * than this are not new.
   */
  settled: Place | undefined;
  /** RFC 3339: where the first run's window began. It never moves forward. */
  windowStart: string | undefined;
  /**
   * Where reading starts, when that lies before {@link lastSinceId}: rows can appear late, or share a
   * time with it.
   */
  fetchFromId: string | undefined;
}

export const EMPTY_CURSOR: Cursor = {
  lastSinceId: undefined,
  settled: undefined,
  windowStart: undefined,
  fetchFromId: undefined,
};

/** A row of the feed and its time there: RFC 3339 in UTC with nine digits, so that text sorts. */
export interface Place {
  id: string;
  at: string;
}

/** What was seen of the feed, whole, and how far it came. */
export interface Journal {
  /**
   * Enters rows, oldest first, and tells of each what it is. `anchor` is where the next reading may
   * start once these are in. Durable.
   */
  admit(rows: readonly NewRow[], anchor: Place | undefined): Promise<Admission[]>;
  /** The last anchor that was entered; undefined where the cursor file was missing at the start. */
  anchor(): Promise<Place | undefined>;
  /** The newest row below which all is settled. Revived dead letters don't count. */
  watermark(): Promise<Place | undefined>;
  /**
   * Another program has moved the cursor to this row: what lies at or before it was handled there.
   * Where the row is unknown here, that is everything but revived dead letters. Gives how many
   * messages were given up. Durable.
   */
  handledElsewhere(cursorId: string): Promise<number>;
  /** Which of these rows have been entered. */
  known(ids: readonly string[]): Promise<Set<string>>;
  /** Which of these are messages that are not settled, or dead letters. */
  kept(ids: readonly string[]): Promise<Set<string>>;
  /** How many messages are not settled, and whether there is room for more. */
  load(): Promise<JournalLoad>;

  /** The lanes in which something is not settled, or to be posted. */
  lanes(): Promise<string[]>;
  /** What comes next in a lane: the message whose reply is to be posted, or else the oldest one. */
  head(lane: string): Promise<Head | undefined>;
  /** The row as it came, as JSON. */
  row(id: string): Promise<string>;

  /**
   * The message runs from now on. `counts`: the run is one of those that {@link runsSince} tells of.
   */
  begin(id: string, counts: boolean): Promise<void>;
  /** The process that runs it: its group, and what tells it from a later one of the same number. */
  child(id: string, process: ChildProcess): Promise<void>;
  /** The run ended with nothing done: counts an attempt, and waits for the next. */
  again(id: string): Promise<void>;
  /** The run did not count: it could not begin, or, with `cut`, was stopped on the way. */
  release(id: string, cut?: boolean): Promise<void>;
  /** Nothing more will happen to it. */
  settle(id: string): Promise<void>;
  /** Into the dead letters, without a word to the asker. Durable. */
  bury(id: string, reason: string): Promise<void>;
  /** What the death of a process left running. */
  interrupted(): Promise<Interrupted[]>;
  /** What was left of an interrupted run is gone: counts a crash, and waits to be run again. */
  recover(id: string): Promise<void>;
  /** When runs of this lane began since then, oldest first; milliseconds since 1970. */
  runsSince(lane: string, sinceMs: number): Promise<number[]>;
}

export interface NewRow extends Place {
  /** What asks for something; undefined for what is passed over. */
  message: NewMessage | undefined;
  /** The digest of the notice of ours that this row is the echo of. */
  notice: string | undefined;
}

export interface NewMessage {
  /** The peer's id; "" is the canvas. */
  lane: string;
  /** The whole row, as JSON. */
  raw: string;
  /** The ids that its sender gave it. */
  ids: readonly string[];
  /** Of its content: with a sender and an id the same, it tells a repeat from a reused id. */
  digest: string;
  /** It answers something that we sent. */
  isReply?: boolean;
  /** It has neither text nor files. */
  isEmpty?: boolean;
}

export type Admission =
  | { kind: "known" }
  /** `reusedId`: the sender gave an earlier message of other content the same id. */
  | { kind: "entered"; reusedId: boolean }
  /** Settled at once: the sender sent an earlier message again. */
  | { kind: "repeat"; of: string };

export interface JournalLoad {
  /** Messages that are not settled. */
  waiting: number;
  deadLetters: number;
  /** Bytes of whole rows and answers that are kept. */
  bytes: number;
  /** There is no room: nothing should be entered until something is settled. */
  full: boolean;
}

export interface Head {
  id: string;
  /** Runs that ended with nothing done. */
  attempts: number;
  /** Runs that the death of the process cut. */
  crashes: number;
  /** 0, and one more each time it was revived from the dead letters. */
  generation: number;
  /** An earlier run of it was cut on the way: part of the work may be done. */
  interrupted: boolean;
  /** Its asker was told of a trouble that only the operator can mend. */
  told: boolean;
  isReply: boolean;
  isEmpty: boolean;
  /** The answer that waits to be posted. */
  reply: Reply | undefined;
}

/** A child process, in a group of its own. */
export interface ChildProcess {
  pid: number;
  /** Boot and start time; undefined where the system does not tell. */
  identity: string | undefined;
}

export interface Interrupted {
  id: string;
  child: ChildProcess | undefined;
}

/** Short texts by key: what a backend must know of a conversation when it goes on. */
export interface Memory {
  recall(key: string): Promise<string | undefined>;
  /** `undefined` forgets. What is not remembered again for 30 days is forgotten, too. Durable. */
  remember(key: string, value: string | undefined): Promise<void>;
  /** Forgets the oldest of those whose keys begin so, down to these limits. */
  trim(prefix: string, limits: MemoryLimits): Promise<void>;
}

/** What may be kept at most. */
export interface MemoryLimits {
  entries: number;
  /** Of all keys and values together. */
  bytes: number;
  ageMs: number;
}
