/**
 * A way to a Postgres of this machine that can be cut as a network is, so that nothing comes through and nobody is
 * told, or that can lose one request, or its answer, and the connection with it.
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

export type Loss = "request" | "answer";

export class StoreRelay implements AsyncDisposable {
  /** How many requests and answers were lost. */
  losses = 0;
  readonly #server: Server;
  readonly #goal: URL;
  readonly #open = new Set<Socket>();
  readonly #toLose = new Map<string, Loss>();
  /** What has not come through since the cut: it does when the way heals, as TCP sends again. */
  #held: (() => void)[] | undefined;

  private constructor(server: Server, goal: URL) {
    this.#server = server;
    this.#goal = goal;
  }

  /** `address`: that of a database, as {@link url} has it by this way. */
  static async start(address: string): Promise<StoreRelay> {
    const server = createServer();
    const relay = new StoreRelay(server, new URL(address));
    server.on("connection", (near) => relay.#join(near));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return relay;
  }

  /** The same address, by this way. */
  get url(): string {
    const url = new URL(this.#goal);
    url.port = String((this.#server.address() as AddressInfo).port);
    return url.href;
  }

  /** From now on nothing comes through, no end of a connection either. */
  cut(): void {
    this.#held ??= [];
  }

  /** What was held back comes, late. */
  heal(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const act of held) act();
  }

  /** What is sent next with this in its bytes is lost, or is done and has its answer lost. */
  lose(loss: Loss, mark: string): void {
    this.#toLose.set(mark, loss);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(near: Socket): void {
    const far = connect(Number(this.#goal.port), "127.0.0.1");
    let isLost = false;
    const lose = () => {
      this.losses += 1;
      near.destroy();
    };
    near.on("data", (bytes) => {
      const loss = this.#lossOf(bytes.toString("latin1"));
      if (loss === "request") return lose();
      isLost ||= loss === "answer";
      this.#pass(() => far.write(bytes));
    });
    far.on("data", (bytes) => (isLost ? lose() : this.#pass(() => near.write(bytes))));
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#open.add(one);
      one.on("close", () => {
        this.#open.delete(one);
        this.#pass(() => other.end());
      });
      // Its close follows.
      one.on("error", () => {});
    }
  }

  #pass(act: () => void): void {
    if (this.#held === undefined) act();
    else this.#held.push(act);
  }

  #lossOf(text: string): Loss | undefined {
    for (const [mark, loss] of this.#toLose) {
      if (!text.includes(mark)) continue;
      this.#toLose.delete(mark);
      return loss;
    }
    return undefined;
  }
}
