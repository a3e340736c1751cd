/** A way to a Postgres of this machine that can be cut as a network is: nothing comes through, and nobody is told. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

export class StoreProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  /** What has not come through since the cut: it does when the way heals, as TCP sends again. */
  #held: (() => void)[] | undefined;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** `port`: the server's. */
  static async start(port: number): Promise<StoreProxy> {
    const server = createServer();
    const proxy = new StoreProxy(server);
    server.on("connection", (near) => {
      const far = connect(port, "127.0.0.1");
      proxy.#join(near, far);
      proxy.#join(far, near);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  /** The same address, by this way. */
  url(address: string): string {
    const url = new URL(address);
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

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(from: Socket, to: Socket): void {
    this.#open.add(from);
    from.on("data", (bytes) => this.#pass(() => to.write(bytes)));
    from.on("close", () => {
      this.#open.delete(from);
      this.#pass(() => to.end());
    });
    // Its close follows.
    from.on("error", () => {});
  }

  #pass(act: () => void): void {
    if (this.#held === undefined) act();
    else this.#held.push(act);
  }
}
