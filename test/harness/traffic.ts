/**
 * What is on its way between a bridge of the test's process and a scripted platform. While there is
 * something, a clock that is moved by hand should stand still: a busy machine takes its time, and none of
 * that is the bridge's.
 */
import type { Platform, StreamSign } from "../../src/platform/platform.ts";
import type { Store } from "../../src/store/store.ts";
import { changed } from "./bridge.ts";
import { InFlight } from "./in-flight.ts";
import type { ScriptedPlatform } from "./scripted-platform.ts";
import type { ScriptedStream } from "./scripted-stream.ts";

export class Traffic {
  readonly #server: ScriptedPlatform;
  readonly #stream: ScriptedStream;
  /** Calls of the platform, and of the journal, that have not ended. */
  readonly #calls: InFlight;
  /** Events that have come on the stream that is open; undefined where none is. */
  #heard: number | undefined;

  constructor(server: ScriptedPlatform, stream: ScriptedStream) {
    this.#server = server;
    this.#stream = stream;
    this.#calls = new InFlight(server.bell);
  }

  /** The client, watched. */
  platform(client: Platform): Platform {
    return changed(this.#calls.watch(client), {
      events: (hear, options) => {
        const open = this.#calls.begin();
        const hearing = (sign: StreamSign): void => {
          if (sign.kind === "open") this.#heard = 0;
          if (sign.kind === "event" && this.#heard !== undefined) this.#heard += 1;
          hear(sign);
          if (sign.kind === "open") open();
          this.#server.bell.ring();
        };
        return client.events(hearing, options).finally(() => {
          this.#heard = undefined;
          open();
        });
      },
    });
  }

  /** The store, its journal watched. */
  store(store: Store): Store {
    return changed(store, { journal: this.#calls.watch(store.journal) });
  }

  /** Resolves once nothing is on its way but what the test itself holds back. */
  async settled(): Promise<void> {
    // What has just come may have the next thing sent.
    for (let quiet = 0; quiet < 2; quiet++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (!this.#isBusy) continue;
      await this.#server.bell.until(() => !this.#isBusy, "what is on its way");
      quiet = -1;
    }
  }

  get #isBusy(): boolean {
    if (this.#calls.count > this.#server.held) return true;
    return this.#heard !== undefined && this.#heard < this.#stream.told;
  }
}
