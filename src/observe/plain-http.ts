/**
 * A server for questions without a body, each on a connection of its own (RFC 9112), that costs next to
 * nothing whoever asks: few connections at once, each for a few seconds, and small requests. Bun's own
 * server takes any number of them and waits 12 s for each to say what it wants: enough of those would
 * leave no file descriptor for a heartbeat.
 */
import { type Clock, within } from "../shared/clock.ts";
import type { ListenAddress } from "../shared/listen-address.ts";

/** Connections at once; one more ends the oldest, which has had its time. */
const MOST_CONNECTIONS = 64;
/** How long a connection lasts at most, from its first byte to its last, in ms. */
const DEADLINE_MS = 5_000;
/** Bytes of a request's head. */
const LONGEST_HEAD = 8_192;

export interface PlainRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  /** As it was sent; "" by a client of HTTP/1.0 that names none. */
  host: string;
}

export interface PlainAnswer {
  status: number;
  /** Its media type. */
  type: string;
  body: string;
  headers?: Readonly<Record<string, string>>;
}

/** Answers a request; what it rejects with becomes a 500 that does not tell of it. */
export type PlainHandle = (request: PlainRequest) => Promise<PlainAnswer>;

export interface PlainServer {
  port: number;
  /** Ends all connections; none is taken any more. */
  close(): void;
}

/** Listens. Throws the system's error where that can't be. */
export function servePlainly(
  { hostname, port }: ListenAddress,
  handle: PlainHandle,
  clock: Clock,
): PlainServer {
  const open = new Set<Connection>();
  const listener = Bun.listen<Connection>({
    hostname,
    port,
    // Who has said all that he wants to say still hears the answer.
    allowHalfOpen: true,
    socket: {
      open(socket) {
        const connection = new Connection(socket, handle);
        socket.data = connection;
        open.add(connection);
        const [oldest] = open;
        if (open.size > MOST_CONNECTIONS && oldest !== undefined) oldest.cut();
        void within(clock, DEADLINE_MS, connection.over).then(() => connection.cut());
      },
      data: (socket, bytes) => socket.data.take(bytes),
      drain: (socket) => socket.data.flush(),
      close(socket) {
        socket.data.ended();
        open.delete(socket.data);
      },
      error: (socket) => socket.data.cut(),
    },
  });
  return {
    port: listener.port,
    close() {
      listener.stop(true);
      for (const connection of open) connection.cut();
    },
  };
}

class Connection {
  readonly #socket: Bun.Socket<Connection>;
  readonly #handle: PlainHandle;
  readonly #over = Promise.withResolvers<void>();
  #head = "";
  #isAnswered = false;
  #left: Uint8Array = new Uint8Array();

  constructor(socket: Bun.Socket<Connection>, handle: PlainHandle) {
    this.#socket = socket;
    this.#handle = handle;
  }

  /** Resolves when it has ended. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** What has come. */
  take(bytes: Uint8Array): void {
    // What follows a request is not read: each connection answers one.
    if (this.#isAnswered) return;
    const room = LONGEST_HEAD - this.#head.length;
    this.#head += Buffer.from(bytes.subarray(0, room)).toString("latin1");
    const end = this.#head.indexOf("\r\n\r\n");
    if (end === -1 && this.#head.length < LONGEST_HEAD) return;
    this.#isAnswered = true;
    const request = end === -1 ? 431 : parseHead(this.#head.slice(0, end));
    if (typeof request === "number") return this.#send(refusal(request), false);
    void this.#answer(request);
  }

  /** Sends what the system has room for; the end of it ends the connection. */
  flush(): void {
    if (!this.#isAnswered || this.#left.length === 0) return;
    const written = this.#socket.write(this.#left);
    if (written < 0) return this.cut();
    this.#left = this.#left.subarray(written);
    if (this.#left.length === 0) this.#socket.end();
  }

  /** Ends it at once. Free to be called twice. */
  cut(): void {
    this.#isAnswered = true;
    this.#left = new Uint8Array();
    this.#socket.terminate();
  }

  /** It has ended. */
  ended(): void {
    this.#over.resolve();
  }

  async #answer(request: PlainRequest): Promise<void> {
    let answer: PlainAnswer;
    try {
      answer = await this.#handle(request);
    } catch {
      answer = refusal(500);
    }
    this.#send(answer, request.method === "HEAD");
  }

  #send({ status, type, body, headers = {} }: PlainAnswer, headOnly: boolean): void {
    const bytes = Buffer.from(body);
    const fields = {
      "Content-Type": type,
      "Content-Length": String(bytes.length),
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
      Connection: "close",
      ...headers,
    };
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
    const head = `HTTP/1.1 ${status} ${PHRASES[status] ?? ""}\r\n${lines.join("")}\r\n`;
    this.#left = Buffer.concat([Buffer.from(head), ...(headOnly ? [] : [bytes])]);
    this.flush();
  }
}

/** The request of a head, or the status that refuses it. */
function parseHead(head: string): PlainRequest | number {
  const [first = "", ...fields] = head.split("\r\n");
  const [, method, target = "", minor] = /^([A-Z]{1,20}) (\S+) HTTP\/1\.([01])$/.exec(first) ?? [];
  if (method === undefined) return 400;
  const headers = new Map<string, string>();
  for (const field of fields) {
    const [, name, value = ""] = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*(.*?)[ \t]*$/.exec(field) ?? [];
    if (name === undefined) return 400;
    // Two of one name are two opinions of where the request ends, or where it goes.
    if (/^(host|content-length)$/i.test(name) && headers.has(name.toLowerCase())) return 400;
    headers.set(name.toLowerCase(), value);
  }
  if ((headers.get("content-length") ?? "0") !== "0" || headers.has("transfer-encoding"))
    return 413;
  const host = headers.get("host");
  if (host === undefined && minor === "1") return 400;
  const url = URL.parse(target, "http://here");
  if (url === null) return 400;
  return { method, path: url.pathname, query: url.searchParams, host: host ?? "" };
}

function refusal(status: number): PlainAnswer {
  return { status, type: "text/plain; charset=utf-8", body: `${PHRASES[status]}\n` };
}

/** node:http knows them all, and costs milliseconds to load. */
const PHRASES: Readonly<Record<number, string>> = {
  200: "OK",
  400: "Bad Request",
  404: "Not Found",
  405: "Method Not Allowed",
  413: "Content Too Large",
  421: "Misdirected Request",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  503: "Service Unavailable",
};
