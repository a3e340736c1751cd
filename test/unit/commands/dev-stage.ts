/** A seeded platform with a real clock, as `molecule dev` serves it. */
import { readFileSync } from "node:fs";
import { seed } from "../../../src/dev/seed.ts";
import { startDevPlatform, type DevOptions, type DevPlatform } from "../../../src/dev/server.ts";
import type { Place } from "./dev-agent.ts";

export class Stage implements AsyncDisposable {
  readonly platform: DevPlatform;
  readonly agent: Place;
  readonly ada: Place;
  readonly ben: Place;

  private constructor(platform: DevPlatform, places: Place[]) {
    const [agent, ada, ben] = places;
    if (agent === undefined || ada === undefined || ben === undefined) {
      throw new Error("it was not seeded");
    }
    this.platform = platform;
    this.agent = agent;
    this.ada = ada;
    this.ben = ben;
  }

  static async set(options: Partial<DevOptions> = {}): Promise<Stage> {
    const platform = await startDevPlatform({ port: 0, db: ":memory:", rateLimit: 0, ...options });
    const { workspaces } = await seed(platform);
    const places = workspaces.map(({ id, tokenFile }) => ({
      url: platform.url,
      id,
      token: readFileSync(tokenFile, "utf8").trim(),
    }));
    return new Stage(platform, places);
  }

  /** What has a command act on it as its administrator. */
  get env(): Record<string, string> {
    const { url, adminToken } = this.platform;
    return { MOLECULE_API_URL: url, MOLECULE_API_TOKEN: adminToken };
  }

  /** Live tokens of all workspaces. */
  tokens(): number {
    const { tokens } = this.platform.database;
    return [this.agent, this.ada, this.ben].reduce((sum, { id }) => sum + tokens.countLive(id), 0);
  }

  /** Has it fail. */
  async fault(fault: object): Promise<void> {
    const headers = { authorization: `Bearer ${this.platform.adminToken}` };
    const body = JSON.stringify(fault);
    const { status } = await fetch(`${this.platform.url}/dev/faults`, {
      method: "POST",
      headers,
      body,
    });
    if (status !== 201) throw new Error(`the fault was answered with ${status}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.platform.stop();
  }
}
