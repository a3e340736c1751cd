/** A stream of server-sent events, and what came by it. */

export class HeardStream<Frame> implements Disposable {
  readonly headers: Headers;
  readonly frames: Frame[] = [];
  /** What came, as it came. */
  text = "";
  /** It has ended, by whomever. */
  ended = false;
  readonly #hangUp: AbortController;

  protected constructor(response: Response, hangUp: AbortController) {
    this.headers = response.headers;
    this.#hangUp = hangUp;
    void this.#read(response)
      .catch(() => {})
      .finally(() => (this.ended = true));
  }

  /** What the constructor takes. Rejects where the answer is no stream. */
  protected static async open(url: string, token: string): Promise<[Response, AbortController]> {
    const hangUp = new AbortController();
    const response = await fetch(url, {
      headers: { authorization: `Bearer ${token}` },
      signal: hangUp.signal,
    });
    if (response.status !== 200) throw new Error(`the stream is a ${response.status}`);
    return [response, hangUp];
  }

  leave(): void {
    this.#hangUp.abort();
  }

  [Symbol.dispose](): void {
    this.leave();
  }

  async #read(response: Response): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of response.body ?? []) {
      const text = decoder.decode(chunk, { stream: true });
      this.text += text;
      const blocks = (rest + text).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        if (block.startsWith("data: ")) this.frames.push(JSON.parse(block.slice(6)) as Frame);
      }
    }
  }
}
