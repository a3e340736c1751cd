/** What the bridges of this machine were seen to do, and what is new of it for those who watch. */
import { mapBounded } from "../shared/bounded.ts";
import type { BridgeLook, Bridges } from "./bridges.ts";
import type { Frame, PageBridge, Standing } from "./wire.ts";

/** So many stores are read at once. */
const AT_ONCE = 8;

/** What a look found of one workspace: undefined where no bridge ever had to do with it. */
export interface Sighting {
  workspaceId: string;
  look: BridgeLook | undefined;
}

const NONE: ReadonlyMap<string, Standing> = new Map();

interface Known {
  look: BridgeLook;
  /** As JSON, to compare. */
  bridge: string;
}

/** From the first visitor's coming to the last one's leaving: what is older is nothing to compare with. */
export class Sightings {
  readonly #bridges: Bridges;
  readonly #known = new Map<string, Known>();

  constructor(bridges: Bridges) {
    this.#bridges = bridges;
  }

  /** Of each workspace that a bridge has, or had, to do with. */
  get bridges(): { [workspaceId: string]: PageBridge } {
    return Object.fromEntries([...this.#known].map(([id, { look }]) => [id, look.bridge]));
  }

  /** Of the messages of all workspaces: where those stand that are not settled, by activity id. */
  get unsettled(): { [activityId: string]: Standing } {
    const all = [...this.#known.values()].flatMap(({ look }) => [...look.standings]);
    return Object.fromEntries(all.filter(([, { state }]) => state !== "settled"));
  }

  /** Where a message stood when it was looked at last. */
  of(workspaceId: string, activityId: string): Standing | undefined {
    return this.#known.get(workspaceId)?.look.standings.get(activityId);
  }

  /** Looks at the bridges of these workspaces. What comes of it counts once it is given to {@link note}. */
  look(workspaceIds: readonly string[]): Promise<Sighting[]> {
    return mapBounded(workspaceIds, AT_ONCE, async (workspaceId) => ({
      workspaceId,
      look: await this.#bridges.look(workspaceId),
    }));
  }

  /** Takes what a look found; gives what is new, or has changed, since the one before. */
  note(found: readonly Sighting[]): Frame[] {
    return found.flatMap(({ workspaceId, look }) => this.#note(workspaceId, look));
  }

  /** The workspace is gone. */
  forget(workspaceId: string): void {
    this.#known.delete(workspaceId);
  }

  #note(workspaceId: string, look: BridgeLook | undefined): Frame[] {
    const before = this.#known.get(workspaceId);
    if (look === undefined) {
      if (!this.#known.delete(workspaceId)) return [];
      return [{ type: "bridge", workspaceId, bridge: null }];
    }
    const bridge = JSON.stringify(look.bridge);
    this.#known.set(workspaceId, { look, bridge });
    const standings = changesOf(before?.look.standings ?? NONE, look.standings);
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

/** A message of which nothing is said any more is settled: each that is not is told of, look by look. */
function changesOf(
  before: ReadonlyMap<string, Standing>,
  after: ReadonlyMap<string, Standing>,
): { [activityId: string]: Standing } {
  const changes: { [activityId: string]: Standing } = {};
  if (before === after) return changes;
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
