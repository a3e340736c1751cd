/** The operator's commands in this process, on a platform and a state folder of the test's own. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DevOptions } from "../../../src/dev/server.ts";
import { type Done, jsonHere, runHere } from "../../harness/command.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { lab, type Lab, type Member } from "../dev/lab.ts";

export class Operator implements AsyncDisposable {
  readonly lab: Lab;
  readonly #folder = tmpFolder();

  constructor(platform: Lab) {
    this.lab = platform;
  }

  /** A folder that goes with the platform. */
  get home(): string {
    return this.#folder.path;
  }

  get state(): string {
    return join(this.home, "state");
  }

  /** Runs a command as an administrator. */
  run = (...argv: string[]): Promise<Done> =>
    this.runAs({ MOLECULE_API_TOKEN: this.lab.admin }, argv);

  /** Runs it as a workspace does. */
  runBy = ({ token }: Member, ...argv: string[]): Promise<Done> =>
    this.runAs({ MOLECULE_WORKSPACE_TOKEN: token }, argv);

  /** With these variables, at the platform and the state folder of this operator. */
  runAs(env: Record<string, string>, argv: readonly string[]): Promise<Done> {
    return runHere(...this.#here(env, argv));
  }

  /** What it prints with -o json, as an administrator; throws where it fails. */
  async json(...argv: string[]): Promise<any> {
    const { code, data, err } = await jsonHere(
      ...this.#here({ MOLECULE_API_TOKEN: this.lab.admin }, argv),
    );
    if (code !== 0) throw new Error(err);
    return data;
  }

  /** The tokens in the state folder, by the names of their files. */
  kept(): Record<string, string> {
    const names = readdirSync(this.state).filter((name) => name.endsWith(".token"));
    return Object.fromEntries(
      names.map((name) => [
        name,
        readFileSync(join(this.state, name), "utf8").split("\n")[0] ?? "",
      ]),
    );
  }

  /** Whether the platform takes the token for this workspace's. */
  async takes(id: string, token: string | undefined): Promise<boolean> {
    return (await this.lab.get(`/workspaces/${id}/state`, { token })).status === 200;
  }

  #here(env: Record<string, string>, argv: readonly string[]): Parameters<typeof runHere> {
    const words = [...argv, "--api-url", this.lab.platform.url, "--state-dir", this.state];
    // As in a pipe, also where somebody watches.
    const pipe = { COLUMNS: "1000", NO_COLOR: "1" };
    return [words, { HOME: this.home, USERPROFILE: this.home, ...pipe, ...env }];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }
}

export async function operator(options: Partial<DevOptions> = {}): Promise<Operator> {
  return new Operator(await lab(options));
}

export const REVISIONS = ["r1", "r2"] as const;
