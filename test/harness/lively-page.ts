/** A page with a little of everything on it. */
import type { Page } from "playwright-core";
import type { PageBridge } from "../../src/page/wire.ts";
import { CONNECTED, FakeBridges } from "./fake-bridges.ts";
import { PageStage } from "./page-stage.ts";

const TROUBLED: PageBridge = {
  ...CONNECTED,
  state: "troubled",
  troubles: ["the platform refuses every third call"],
  since: Date.UTC(2026, 0, 1),
  wake: "healthy",
  unsettled: 2,
  outbox: 1,
  deadLetters: 1,
};

/** Peers, files, progress, a bridge with trouble, and a message that was given up. */
export async function lively(): Promise<PageStage> {
  const bridges = new FakeBridges();
  const stage = await PageStage.start({
    bridges,
    connectLine: (id) => `molecule connect ${id} --api-url http://127.0.0.1:1/ --token-file /a/b`,
  });
  const { agent, ada } = stage;
  bridges.put(agent.id, TROUBLED);
  await stage.canvas(agent, "the first");
  await stage.canvas(agent, "one that was given up");
  await stage.say(agent, `an answer ${"that goes on ".repeat(20)}`, [
    { uri: "https://example.com/a", name: "a-file.txt", mimeType: "text/plain", size: 1_200 },
  ]);
  await stage.send(ada, agent, "from a peer");
  await stage.call(`/workspaces/${agent.id}/activity`, agent.token, {
    activity_type: "task_update",
    summary: "reading",
  });
  const [first, second] = await stage.rowsOf(agent);
  bridges.stand(agent.id, first ?? "", { state: "settled" });
  bridges.stand(agent.id, second ?? "", { state: "dead", reason: "it failed 5 times", runs: 5 });
  return stage;
}

/** What was asked for is shown; it may be nothing. */
export const settled = (page: Page) =>
  page.locator('[role=log][aria-busy="false"]').waitFor({ state: "attached" });
