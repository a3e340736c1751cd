/** A proxy as companies have them: it joins CONNECT with its goal, and notes each request line. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

export class ConnectProxy implements AsyncDisposable {
  /** `CONNECT 127.0.0.1:8443 HTTP/1.1`, or `GET http://…`. */
  readonly lines: string[] = [];
  /** The whole heads, for what stands in them. */
  readonly heads: string[] = [];
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /**
   * `refusal`: what it answers every CONNECT with, in place of joining it: "407 Login Wanted". `goal`:
   * where it leads to, whatever is asked for.
   */
  static async start(
    refusal?: string,
    goal?: { host: string; port: number },
  ): Promise<ConnectProxy> {
    const server = createServer();
    const proxy = new ConnectProxy(server);
    server.on("connection", (near) => {
      near.on("error", () => {});
      proxy.#open.add(near);
      near.once("data", (bytes) => {
        const head = bytes.toString("latin1");
        const line = head.split("\r\n")[0] ?? "";
        proxy.heads.push(head);
        proxy.lines.push(line);
        const [, host, port] = /^CONNECT (.+):(\d+) /.exec(line) ?? [];
        if (refusal !== undefined || host === undefined) {
          near.end(`HTTP/1.1 ${refusal ?? "502 Bad Gateway"}\r\ncontent-length: 0\r\n\r\n`);
          return;
        }
        const far = connect(goal?.port ?? Number(port), goal?.host ?? host, () => {
          near.write("HTTP/1.1 200 Connection Established\r\n\r\n");
          near.pipe(far);
          far.pipe(near);
        });
        proxy.#open.add(far);
        far.on("error", () => near.destroy());
        near.on("close", () => far.destroy());
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
