/** What the page asks of the bridges of this machine. */
import type { PageBridge, PageRow, Standing } from "./wire.ts";

/** The bridges whose state lies in one folder of this machine. */
export interface Bridges {
  /**
   * What is kept of a workspace. Never rejects: what can't be read is a trouble of the bridge.
   * Undefined where no bridge of this machine ever had to do with it.
   */
  look(workspaceId: string): Promise<BridgeLook | undefined>;
  /**
   * Where these messages stand, by their activity ids; those it does not know are left out. What can't be
   * read now is told with a later look. Never rejects.
   */
  standings(workspaceId: string, rows: readonly RowPlace[]): Promise<Map<string, Standing>>;
  /**
   * Has a dead letter tried again: false where there is none of this id. Rejects with a
   * MoleculeError where the store can't be written.
   */
  retry(workspaceId: string, activityId: string): Promise<boolean>;
}

/** A row, and its time as the feed has it: what is long settled is known by that alone. */
export type RowPlace = Pick<PageRow, "id" | "at">;

export interface BridgeLook {
  bridge: PageBridge;
  /**
   * Where messages stand, by activity id: those that run or are answered, those whose turn is next, and the
   * newest of those that wait, are dead, or are settled. Whatever was told to stand otherwise than settled,
   * here or by {@link Bridges.standings}, is among them until it was told that it is settled.
   *
   * Only what a bridge fetches in poll mode enters its journal: a message that the platform pushes to a bridge
   * in push mode is not known here, and its own row tells how it ended.
   */
  standings: ReadonlyMap<string, Standing>;
}
