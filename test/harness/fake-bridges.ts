/** Bridges that are as a test says. */
import type { BridgeLook, Bridges, RowPlace } from "../../src/page/bridges.ts";
import type { PageBridge, Standing } from "../../src/page/wire.ts";

/** A bridge with which all is well. */
export const CONNECTED: PageBridge = {
  state: "connected",
  troubles: [],
  backend: "exec",
  pid: 4711,
  since: null,
  wake: null,
  unsettled: 0,
  outbox: 0,
  deadLetters: 0,
};

export class FakeBridges implements Bridges {
  /** The dead letters that were to be tried again: workspace and activity. */
  readonly retried: string[] = [];
  /** How often a bridge was looked at. */
  looks = 0;
  readonly #bridges = new Map<string, PageBridge>();
  readonly #standings = new Map<string, Map<string, Standing>>();

  put(workspaceId: string, bridge: PageBridge): void {
    this.#bridges.set(workspaceId, bridge);
  }

  stand(workspaceId: string, activityId: string, standing: Standing): void {
    const known = this.#standings.get(workspaceId) ?? new Map<string, Standing>();
    this.#standings.set(workspaceId, known.set(activityId, standing));
  }

  /** From now on a look finds this, and nothing else. */
  show(
    workspaceId: string,
    standings: { [activityId: string]: Standing },
    bridge: Partial<PageBridge> = {},
  ): void {
    this.put(workspaceId, { ...CONNECTED, ...bridge });
    this.#standings.set(workspaceId, new Map(Object.entries(standings)));
  }

  /** No bridge has anything to do with it any more. */
  drop(workspaceId: string): void {
    this.#bridges.delete(workspaceId);
    this.#standings.delete(workspaceId);
  }

  async look(workspaceId: string): Promise<BridgeLook | undefined> {
    this.looks += 1;
    const bridge = this.#bridges.get(workspaceId);
    const standings = new Map(this.#standings.get(workspaceId));
    return bridge === undefined ? undefined : { bridge, standings };
  }

  async standings(workspaceId: string, rows: readonly RowPlace[]): Promise<Map<string, Standing>> {
    const known = [...(this.#standings.get(workspaceId) ?? [])];
    return new Map(known.filter(([id]) => rows.some((row) => row.id === id)));
  }

  async retry(workspaceId: string, activityId: string): Promise<boolean> {
    if (this.#standings.get(workspaceId)?.get(activityId)?.state !== "dead") return false;
    this.retried.push(`${workspaceId} ${activityId}`);
    this.stand(workspaceId, activityId, { state: "journal" });
    return true;
  }
}
