/** A way to a server on this machine that can lose a request, or its answer, and the connection with it. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

export type Loss = "request" | "answer";

export class CuttingRelay implements AsyncDisposable {
  /** How many losses there were. */
  cuts = 0;
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  readonly #losses = new Map<string, Loss>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Leads to this port of 127.0.0.1. */
  static async start(goal: number): Promise<CuttingRelay> {
    const server = createServer();
    const relay = new CuttingRelay(server);
    server.on("connection", (near) => relay.#join(near, connect(goal, "127.0.0.1")));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** What is sent next with this in its bytes is lost, or is done and has its answer lost. */
  lose(loss: Loss, mark: string): void {
    this.#losses.set(mark, loss);
  }

  #join(near: Socket, far: Socket): void {
    let isLost = false;
    const cut = () => {
      this.cuts += 1;
      near.destroy();
    };
    near.on("data", (bytes) => {
      const loss = this.#lossOf(bytes.toString("latin1"));
      if (loss === "request") return cut();
      isLost ||= loss === "answer";
      far.write(bytes);
    });
    far.on("data", (bytes) => (isLost ? cut() : near.write(bytes)));
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#open.add(one);
      one.on("error", () => {});
      one.on("close", () => {
        this.#open.delete(one);
        other.destroy();
      });
    }
  }

  #lossOf(text: string): Loss | undefined {
    for (const [mark, loss] of this.#losses) {
      if (!text.includes(mark)) continue;
      this.#losses.delete(mark);
      return loss;
    }
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
