/** A server that says on its socket what a test tells it to: for all that no HTTP server would. */
import type { Socket } from "bun";
import { Bell } from "./wait.ts";

/** What came on a connection so far. */
interface Heard {
  text: string;
  answered: boolean;
}

export type RawSocket = Socket<Heard>;

export class RawServer implements Disposable {
  /** The requests so far, each as far as its head. */
  readonly requests: string[] = [];
  /** Connections that have ended. */
  closed = 0;
  readonly bell = new Bell();
  readonly #listener: Bun.TCPSocketListener<Heard>;

  /** `answer` is called once for each connection, when the head of a request is there. */
  constructor(answer: (socket: RawSocket) => void) {
    this.#listener = Bun.listen<Heard>({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open: (socket) => {
          socket.data = { text: "", answered: false };
        },
        data: (socket, bytes) => {
          const heard = socket.data;
          heard.text += bytes.toString();
          if (heard.answered || !heard.text.includes("\r\n\r\n")) return;
          heard.answered = true;
          this.requests.push(heard.text);
          answer(socket);
          this.bell.ring();
        },
        close: () => {
          this.closed += 1;
          this.bell.ring();
        },
        error: () => {},
      },
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#listener.port}`;
  }

  untilAsked(): Promise<void> {
    return this.bell.until(() => this.requests.length > 0, "a request");
  }

  untilClosed(): Promise<void> {
    return this.bell.until(() => this.closed > 0, "the end of a connection");
  }

  [Symbol.dispose](): void {
    this.#listener.stop(true);
  }
}

/** The head of an answer, with its blank line. */
export function head(status: string, headers: { [name: string]: string } = {}): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status}\r\n${lines.join("")}\r\n`;
}
