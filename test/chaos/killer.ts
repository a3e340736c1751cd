/** When a life of the bridge ends, and what its end hit. */
import type { Agent, AgentRun } from "./agent.ts";
import type { Life } from "./life.ts";

/** Deaths in the middle of its run that one message is made to bear: the bridge gives up at five. */
const MOST_DEATHS = 3;
/** How often it is looked whether such a message is through. */
const LOOK_MS = 20;
const PATIENCE_MS = 15_000;

/** What one death left behind. */
export interface Death {
  life: number;
  /** Runs that had begun and did not end with it: found so before the kill, and after it. */
  hit: AgentRun[];
  /** Messages taken in that life whose answers were not on the disk when it ended. */
  inProgress: Set<string>;
}

export class Killer {
  readonly deaths: Death[] = [];
  /** Lives in which each message was taken and did not come to an answer on the disk. */
  readonly #borne = new Map<string, number>();
  /** Messages whose answers were on the disk, and since which life. */
  readonly kept = new Map<string, number>();
  readonly #agent: Agent;
  readonly #random: () => number;

  constructor(agent: Agent, random: () => number) {
    this.#agent = agent;
    this.#random = random;
  }

  /** Deaths that hit work. */
  get hits(): number {
    return this.deaths.filter(({ hit }) => hit.length > 0).length;
  }

  /** How long the next life may last: mostly short, now and then long enough for any pause. */
  nextSpan(): number {
    const [kind, length] = [this.#random(), this.#random()];
    return kind < 0.92 ? 60 + length * 700 : 1_000 + length * 4_500;
  }

  /** Kills it as soon as no message has borne too much. Resolves when it has ended. */
  async kill(life: Life): Promise<void> {
    await this.#untilBearable(life);
    const before = this.#running(life);
    life.kill();
    await life.ended;
    const still = new Set(this.#running(life).map(({ pid }) => pid));
    const inProgress = this.#learn(life);
    for (const id of inProgress) this.#borne.set(id, (this.#borne.get(id) ?? 0) + 1);
    const hit = before.filter(({ pid }) => still.has(pid));
    this.deaths.push({ life: life.number, hit, inProgress });
  }

  /** A life that ended by itself. */
  end(life: Life): void {
    this.#learn(life);
  }

  async #untilBearable(life: Life): Promise<void> {
    const worn = [...this.#borne].filter(([, deaths]) => deaths >= MOST_DEATHS).map(([id]) => id);
    for (const end = performance.now() + PATIENCE_MS; performance.now() < end;) {
      const kept = new Set(life.events.filter(isKept).map(({ activity_id }) => activity_id));
      if (worn.every((id) => this.kept.has(id) || kept.has(id))) return;
      await Bun.sleep(LOOK_MS);
    }
  }

  #running(life: Life): AgentRun[] {
    return this.#agent.runs.filter((run) => run.life === life.number && !run.ended);
  }

  /** Gives what was taken and not kept. */
  #learn(life: Life): Set<string> {
    const taken = new Set<string>();
    for (const event of life.events) {
      if (event.event === "taken") taken.add(event.activity_id);
      if (!isKept(event)) continue;
      taken.delete(event.activity_id);
      if (!this.kept.has(event.activity_id)) this.kept.set(event.activity_id, life.number);
    }
    return taken;
  }
}

/** What tells that the answer is on the disk; the first may have been lost with the life it was of. */
function isKept({ event }: { event: string }): boolean {
  return event === "reply-kept" || event === "answered";
}
