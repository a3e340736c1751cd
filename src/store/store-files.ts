/** The part of the store that holds the files of messages (see store.ts). */

/** A regular file on this machine. */
export interface KeptFile {
  path: string;
  name: string;
  /** In bytes. */
  size: number;
}

/**
 * A private folder for each message that has files: what came with it, and what goes with its answer.
 * Made where something is put into it, and removed whole. The id is the platform's, so it is checked
 * before it becomes a path.
 */
export interface FolderStore {
  /** A file that came with the message, where it is here whole. */
  received(activityId: string, name: string): Promise<KeptFile | undefined>;
  /**
   * Keeps a file that came with the message, whole or not at all; `write` is given where its bytes go,
   * and what it throws is thrown on. The name is one of `safeFileName`: one with a separator or a
   * leading dot, or of more than 200 bytes, is refused. Durable.
   */
  receive(
    activityId: string,
    name: string,
    write: (sink: (chunk: Uint8Array) => Promise<void>) => Promise<unknown>,
  ): Promise<KeptFile>;
  /** Notes that the platform need not keep this upload once the message is settled. */
  owe(activityId: string, fileId: string): Promise<void>;
  /** Those uploads. */
  owed(activityId: string): Promise<string[]>;

  /**
   * The real path of the folder for what goes with the answer. With `empty`, what an earlier run left
   * there is removed, or set aside where it can't be.
   */
  answerFolder(activityId: string, empty: boolean): Promise<string>;
  /** The regular files in that folder, in a fixed order; neither links nor hidden ones. */
  answerFiles(activityId: string): Promise<KeptFile[]>;
  /**
   * Copies a regular file, so that it stays as it is until the answer is posted. One of the folder for
   * the answer must really lie in it: no link on the way there is followed.
   */
  copy(activityId: string, path: string): Promise<KeptFile>;
  /** What stands at the path: undefined where that is no regular file, or none that we can see. */
  look(path: string): Promise<KeptFile | undefined>;
  /**
   * The contents of a copy that belongs to the message, read as they are needed; undefined as for `look`, and
   * for a path that leads anywhere else.
   */
  read(activityId: string, path: string): Promise<Blob | undefined>;

  /** Whether the message has a folder, or anything of that kind in it. */
  has(activityId: string, what?: Discarded): Promise<boolean>;
  /**
   * Removes the folder of a message with all that is in it. Rejects where it can't be removed; it is out
   * of the way then, and not found again.
   */
  remove(activityId: string): Promise<void>;
  /** The messages that have a folder. */
  list(): Promise<string[]>;
  /** When anything in the folder came or went last, milliseconds since 1970; undefined where there is none. */
  changedAt(activityId: string): Promise<number | undefined>;
  /** How much is kept of what came with the message and of copies, in bytes. */
  bytes(activityId: string): Promise<number>;
  /** Removes what came with the message, or what was left for its answer; copies stay. */
  discard(activityId: string, what: Discarded): Promise<void>;
}

/** What came with the message; what was left for its answer. */
export type Discarded = "received" | "left";
