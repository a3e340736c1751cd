/** What must outlive the process, behind one asynchronous interface. */

/** How far the feed is settled. Everything at or below it is answered or passed over for good. */
export interface Cursor {
  /** Id of the newest row below which all is settled; undefined before the first one. */
  lastSinceId: string | undefined;
  /**
   * The newest settled row, with its time (RFC 3339): when the platform no longer knows the cursor
   * (410), rows not newer than this one are not new.
   */
  settled: { id: string; createdAt: string } | undefined;
  /** RFC 3339: where the first run's window began. It never moves forward. */
  windowStart: string | undefined;
}

/** Every method rejects with a MoleculeError that names the file and says what to do. */
export interface Store {
  loadCursor(): Promise<Cursor>;
  saveCursor(cursor: Cursor): Promise<void>;
  /** A token that the platform handed out at registration, if one was kept. */
  loadToken(): Promise<string | undefined>;
  saveToken(token: string): Promise<void>;
}

export const EMPTY_CURSOR: Cursor = {
  lastSinceId: undefined,
  settled: undefined,
  windowStart: undefined,
};
