/**
 * How long a message waits: from its row to the start of the backend, and to the row of its answer.
 * Woken by the event stream, by looking alone, and beside them what a bare request costs here.
 */
import { buildRequest } from "../../src/a2a/request.ts";
import { startBridge, type Bridge } from "./bridge.ts";
import { median, percentile, type Figure, type Measurement } from "./measurement.ts";
import type { Filled, PlatformProcess } from "./platform.ts";
import type { Workbench } from "./workbench.ts";

const WOKEN_MESSAGES = 500;
/** Looks are far apart, so several bridges look side by side. */
const LOOKERS = 4;
const LOOKED_FOR_MESSAGES = 50;
const BARE_REQUESTS = 2_000;
/** How long a bridge may take to be ready, and a message to be answered. */
const LIMIT_MS = 60_000;

export const pickUp: Measurement = { name: "pick-up", measure };

async function measure(bench: Workbench): Promise<Figure[]> {
  return bench.withPlatform(async (platform) => {
    const agent = new Agent();
    try {
      const woken = await waits(bench, platform, agent, ["--wake", "auto"], {
        messages: WOKEN_MESSAGES,
        gapMs: () => 20 + Math.random() * 80,
      });
      bench.say(`pick-up: ${WOKEN_MESSAGES} messages, woken`);
      const looking = Array.from({ length: LOOKERS }, () =>
        waits(bench, platform, agent, ["--wake", "off"], {
          messages: LOOKED_FOR_MESSAGES,
          gapMs: () => 300 + Math.random() * 1_000,
        }),
      );
      const found = (await Promise.all(looking)).flat();
      bench.say(`pick-up: ${found.length} messages, looked for`);
      const bare = await bareRequests(agent);
      const wait = (waited: readonly Wait[]) => waited.map(({ pickedUpMs }) => pickedUpMs);
      const [pickedUp, p99] = [wait(woken), percentile(wait(woken), 99)];
      return [
        {
          what: "from a message's row to the start of its backend, woken: p50, p99",
          measured: both(pickedUp),
          aim: "p99 under 25 ms",
        },
        {
          what: "the same by looking alone, at the default interval: p50, p99",
          measured: both(wait(found)),
          aim: "",
        },
        {
          what: "from a message's row to its answer's, woken: p50, p99",
          measured: both(woken.map(({ answeredMs }) => answeredMs)),
          aim: "",
        },
        { what: "a bare request on loopback: p50, p99", measured: both(bare), aim: "" },
        {
          what: "the woken pick-up's median and p99, in bare requests of each",
          measured: `${(median(pickedUp) / median(bare)).toFixed(1)}, ${(p99 / percentile(bare, 99)).toFixed(1)}`,
          aim: "",
        },
      ];
    } finally {
      await agent.stop();
    }
  });
}

/** In milliseconds. */
interface Wait {
  pickedUpMs: number;
  answeredMs: number;
}

/** Sends a fresh bridge so many messages, and gives how long each waited. */
async function waits(
  bench: Workbench,
  platform: PlatformProcess,
  agent: Agent,
  args: string[],
  { messages, gapMs }: { messages: number; gapMs(): number },
): Promise<Wait[]> {
  const filled = await platform.fill(1, 0, 0);
  const options = [`url=${agent.url}`, "format=raw"].flatMap((one) => ["--backend-opt", one]);
  const backend = ["--backend", "http", ...options, "--turn-limit", "0"];
  const bridge = startBridge(bench, filled, [...backend, ...args]);
  await ready(bridge, args.includes("off") ? "connected" : "wake_state healthy");
  const texts = Array.from({ length: messages }, () => crypto.randomUUID());
  for (const text of texts) {
    await Bun.sleep(gapMs());
    await send(filled, text);
  }
  await until(() => texts.every((text) => agent.arrived.has(text)));
  const answers = async () => (await platform.rows(filled.peers[0] ?? "")).length >= messages;
  await until(answers);
  bridge.process.kill();
  await bridge.process.exited;
  const asked = new Map((await platform.rows(filled.workspaceId)).map((row) => [row.text, row.at]));
  const told = new Map(
    (await platform.rows(filled.peers[0] ?? "")).map((row) => [row.text, row.at]),
  );
  return texts.map((text) => {
    const at = asked.get(text) ?? Number.NaN;
    const arrived = agent.arrived.get(text) ?? Number.NaN;
    return { pickedUpMs: arrived - at, answeredMs: (told.get(`echo ${text}`) ?? Number.NaN) - at };
  });
}

async function ready(bridge: Bridge, what: "connected" | "wake_state healthy"): Promise<void> {
  const isReady = async () =>
    (await bridge.log()).some(({ event, wakeState }) =>
      what === "connected" ? event === what : wakeState === "healthy",
    );
  await until(isReady);
}

async function send({ url, workspaceId, peers, peerTokens }: Filled, text: string): Promise<void> {
  const response = await fetch(`${url}/workspaces/${workspaceId}/a2a`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${peerTokens[0]}`,
      "x-workspace-id": peers[0] ?? "",
    },
    body: JSON.stringify(buildRequest(text, crypto.randomUUID())),
  });
  if (!response.ok) throw new Error(`sending: ${response.status} ${await response.text()}`);
  await response.arrayBuffer();
}

/** An agent that answers at once, and knows when each message came. */
class Agent {
  readonly arrived = new Map<string, number>();
  readonly #server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      const at = performance.timeOrigin + performance.now();
      if (request.method !== "POST") return new Response("ok");
      const { text } = (await request.json()) as { text: string };
      this.arrived.set(text, at);
      return Response.json({ text: `echo ${text}` });
    },
  });

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}/`;
  }

  stop(): Promise<void> {
    return this.#server.stop(true);
  }
}

async function bareRequests({ url }: Agent): Promise<number[]> {
  const took: number[] = [];
  for (let n = 0; n < BARE_REQUESTS; n++) {
    const began = performance.now();
    await (await fetch(url)).text();
    took.push(performance.now() - began);
  }
  return took;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + LIMIT_MS;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error("a bridge was not ready, or did not answer");
    await Bun.sleep(50);
  }
}

function both(values: readonly number[]): string {
  return `${median(values).toFixed(1)} ms, ${percentile(values, 99).toFixed(1)} ms`;
}
