/** A server on 127.0.0.1 at a free port, until disposed: what the fakes of models' APIs are made of. */
export abstract class FakeServer implements Disposable {
  readonly #server: Bun.Server<undefined> = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch: (request) => this.serve(request),
  });

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  [Symbol.dispose](): void {
    void this.#server.stop(true);
  }

  protected abstract serve(request: Request): Promise<Response>;
}
