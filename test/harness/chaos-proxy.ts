/**
 * A proxy of bad luck between a bridge and its platform: it understands as much of HTTP/1.1 as it
 * takes to find requests and answers, and has faults befall them.
 */
import type { Socket } from "bun";
import type { Fate, Fault } from "./faults.ts";
import { answerOf, Frames, type Frame } from "./http-frames.ts";

const PAGE = "<!doctype html><title>A web page</title><p>Not what you asked for.</p>";

interface Connection {
  frames: Frames;
  /** The requests, one after the other. */
  queue: Promise<void>;
  out: Outgoing;
  open: boolean;
}

export class ChaosProxy implements Disposable {
  /** What befell requests so far. */
  readonly befell = new Map<Fault | "delayed", number>();
  requests = 0;
  readonly #port: number;
  readonly #draw: (request: Frame) => Fate;
  readonly #listener: Bun.TCPSocketListener<Connection>;

  /** `url` is the platform's, on this machine; `draw` says what befalls each request. */
  constructor(url: string, draw: (request: Frame) => Fate) {
    this.#port = Number(new URL(url).port);
    this.#draw = draw;
    this.#listener = Bun.listen<Connection>({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open: (socket) => {
          const out = new Outgoing(socket);
          socket.data = { frames: new Frames(), queue: Promise.resolve(), out, open: true };
        },
        data: (socket, bytes) => {
          const { data } = socket;
          for (const frame of data.frames.add(bytes)) {
            data.queue = data.queue.then(() => this.#serve(socket, frame));
          }
        },
        drain: (socket) => socket.data.out.flush(),
        close: (socket) => void (socket.data.open = false),
        error: () => {},
      },
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#listener.port}`;
  }

  [Symbol.dispose](): void {
    this.#listener.stop(true);
  }

  async #serve(socket: Socket<Connection>, request: Frame): Promise<void> {
    this.requests += 1;
    const fate = this.#draw(request);
    if (fate.delayMs > 0) {
      this.#count("delayed");
      await Bun.sleep(fate.delayMs);
    }
    if (fate.fault !== undefined) this.#count(fate.fault);
    try {
      await this.#befall(socket, request, fate);
    } catch {
      // The platform is gone: so is everything behind us.
      socket.terminate();
    }
  }

  async #befall(socket: Socket<Connection>, request: Frame, fate: Fate): Promise<void> {
    const { out } = socket.data;
    switch (fate.fault) {
      case undefined: {
        if (EVENT_STREAM.test(request.first)) return relay(this.#port, request, socket, fate.dice);
        const answer = await forward(this.#port, request);
        return out.write(whole(answer));
      }
      case "reset-before":
        return void socket.terminate();
      case "reset-after":
        await forward(this.#port, request);
        return void socket.terminate();
      case "limited":
        return out.write(
          answerOf("429 Too Many Requests", "application/json", '{"error":"rate limit exceeded"}', {
            "retry-after": "0",
          }),
        );
      case "down":
        return out.write(fate.dice < 0.5 ? gatewayError("502") : gatewayError("503"));
      case "lost":
        await forward(this.#port, request);
        return out.write(gatewayError("502"));
      case "cut": {
        const answer = await forward(this.#port, request);
        const bytes = whole(answer);
        const kept = answer.head.length + Math.floor(answer.body.length * fate.dice);
        return out.end(bytes.subarray(0, kept));
      }
      case "broken": {
        const { first, body } = await forward(this.#port, request);
        const half = body.subarray(0, Math.max(1, Math.floor(body.length * fate.dice)));
        const status = first.slice(first.indexOf(" ") + 1);
        return out.write(answerOf(status, "application/json", half));
      }
      case "page":
        return out.write(answerOf("200 OK", "text/html", PAGE));
      case "no-page":
        return out.write(answerOf("404 Not Found", "text/html", PAGE));
    }
  }

  #count(what: Fault | "delayed"): void {
    this.befell.set(what, (this.befell.get(what) ?? 0) + 1);
  }
}

const EVENT_STREAM = /\/events\/stream /;
/** Some streams are cut within so long, in ms; the others last as long as both sides want. */
const CUT_MS = 2_000;

/** Passes on a stream as it comes, and cuts every other one on the way. */
async function relay(
  port: number,
  request: Frame,
  client: Socket<Connection>,
  dice: number,
): Promise<void> {
  const over = Promise.withResolvers<void>();
  const platform = await Bun.connect<undefined>({
    hostname: "127.0.0.1",
    port,
    socket: {
      open: (socket) => void socket.write(whole(request)),
      data: (socket, bytes) => {
        if (client.data.open) client.data.out.write(bytes);
        else socket.end();
      },
      close: () => over.resolve(),
      error: () => over.resolve(),
    },
  });
  const cut = dice < 0.5 ? setTimeout(() => over.resolve(), dice * 2 * CUT_MS) : undefined;
  await over.promise;
  clearTimeout(cut);
  platform.terminate();
  client.terminate();
}

/** Bytes on their way out, at the pace of the socket. */
class Outgoing {
  readonly #socket: Socket<Connection> | Socket<undefined>;
  #waiting: Buffer = Buffer.alloc(0);
  #ending = false;

  constructor(socket: Socket<Connection> | Socket<undefined>) {
    this.#socket = socket;
  }

  write(bytes: Buffer): void {
    this.#waiting = Buffer.concat([this.#waiting, bytes]);
    this.flush();
  }

  /** Writes and closes the connection behind it. */
  end(bytes: Buffer): void {
    this.#ending = true;
    this.write(bytes);
  }

  flush(): void {
    const written = this.#socket.write(this.#waiting);
    // Negative where the other side is gone: then nothing is left to write.
    this.#waiting = written < 0 ? Buffer.alloc(0) : this.#waiting.subarray(written);
    if (this.#waiting.length === 0 && this.#ending) this.#socket.end();
  }
}

/** Asks the platform, on a connection of its own, whether or not anyone still waits for the answer. */
async function forward(port: number, request: Frame): Promise<Frame> {
  const { promise, resolve, reject } = Promise.withResolvers<Frame>();
  const frames = new Frames();
  let out: Outgoing | undefined;
  await Bun.connect<undefined>({
    hostname: "127.0.0.1",
    port,
    socket: {
      open: (socket) => {
        out = new Outgoing(socket);
        out.write(whole(request));
      },
      data: (socket, bytes) => {
        const [answer] = frames.add(bytes);
        if (answer === undefined) return;
        resolve(answer);
        socket.end();
      },
      drain: () => out?.flush(),
      close: () => reject(new Error("the platform hung up")),
      error: (_, error) => reject(error),
    },
  });
  return promise;
}

function whole({ head, body }: Frame): Buffer {
  return Buffer.concat([head, body]);
}

function gatewayError(status: "502" | "503"): Buffer {
  return status === "502"
    ? answerOf("502 Bad Gateway", "text/html", "<h1>502 Bad Gateway</h1>")
    : answerOf("503 Service Unavailable", "application/json", '{"error":"no healthy upstream"}');
}
