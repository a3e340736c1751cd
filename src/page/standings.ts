/** What the bridges of this machine last said, and what has changed since. */
import { mapBounded } from "../shared/bounded.ts";
import type { BridgeLook, Bridges } from "./bridges.ts";
import type { Frame, PageBridge, Standing } from "./wire.ts";

/** So many stores are read at once. */
const AT_ONCE = 8;

interface Known {
  look: BridgeLook;
  /** As JSON, to compare. */
  bridge: string;
}

export class Standings {
  readonly #bridges: Bridges | undefined;
  readonly #known = new Map<string, Known>();

  constructor(bridges: Bridges | undefined) {
    this.#bridges = bridges;
  }

  /** Whether there is anybody to ask. */
  get areKnown(): boolean {
    return this.#bridges !== undefined;
  }

  /** Of each workspace that a bridge has, or had, to do with. */
  get bridges(): { [workspaceId: string]: PageBridge } {
    return Object.fromEntries([...this.#known].map(([id, { look }]) => [id, look.bridge]));
  }

  /** Where a message stood when it was looked at last. */
  of(workspaceId: string, activityId: string): Standing | undefined {
    return this.#known.get(workspaceId)?.look.standings.get(activityId);
  }

  /** Looks at the bridges of these workspaces; gives what is new or has changed. */
  async look(workspaceIds: readonly string[]): Promise<Frame[]> {
    const bridges = this.#bridges;
    if (bridges === undefined) return [];
    for (const id of this.#known.keys()) if (!workspaceIds.includes(id)) this.#known.delete(id);
    const found = await mapBounded(workspaceIds, AT_ONCE, async (id) => {
      const look = await bridges.look(id);
      return this.#note(id, look);
    });
    return found.flat();
  }

  /** Forgets what was seen: it is too old to compare with. */
  clear(): void {
    this.#known.clear();
  }

  #note(workspaceId: string, look: BridgeLook | undefined): Frame[] {
    const before = this.#known.get(workspaceId);
    if (look === undefined) {
      if (!this.#known.delete(workspaceId)) return [];
      return [{ type: "bridge", workspaceId, bridge: null }];
    }
    const bridge = JSON.stringify(look.bridge);
    this.#known.set(workspaceId, { look, bridge });
    const standings = changesOf(before?.look.standings ?? new Map(), look.standings);
    return [
      ...(bridge === before?.bridge
        ? []
        : [{ type: "bridge", workspaceId, bridge: look.bridge } as const]),
      ...(Object.keys(standings).length === 0
        ? []
        : [{ type: "standings", workspaceId, standings } as const]),
    ];
  }
}

/** A message of which nothing is said any more is settled: of those that are not, all is said. */
function changesOf(
  before: ReadonlyMap<string, Standing>,
  after: ReadonlyMap<string, Standing>,
): { [activityId: string]: Standing } {
  const changes: { [activityId: string]: Standing } = {};
  for (const [id, standing] of after) {
    if (!isSame(before.get(id), standing)) changes[id] = standing;
  }
  for (const [id, { state }] of before) {
    if (state !== "settled" && !after.has(id)) changes[id] = { state: "settled" };
  }
  return changes;
}

function isSame(a: Standing | undefined, b: Standing): boolean {
  return a !== undefined && a.state === b.state && a.runs === b.runs && a.reason === b.reason;
}
