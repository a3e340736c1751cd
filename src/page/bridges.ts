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
   * Where these messages stand, by their activity ids; those it does not know are left out. Never
   * rejects.
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
   * Where the messages stand that something will still happen to, the dead ones, and the newest that
   * are settled, by activity id: so many that a change is never missed between two looks.
   */
  standings: ReadonlyMap<string, Standing>;
}
