/** What every kind of store must do: tests that speak through its interface alone, run once on each. */
import type { LocalStoreParts } from "../../../src/store/local.ts";
import type { DeadLetters, Store } from "../../../src/store/store.ts";
import { onlyWhere, type Guarded } from "../../harness/platform.ts";
import { onPostgres, sharedPostgres } from "../../harness/postgres.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { lookUntil } from "../../harness/wait.ts";
import { processAt, type Place } from "./support.ts";

/** A workspace of which something is kept, in a place that goes at the end of its test. */
export class Home {
  readonly place: Place;
  readonly workspaceId: string;

  constructor(place: Place, workspaceId: string = crypto.randomUUID()) {
    this.place = place;
    this.workspaceId = workspaceId;
  }

  /** A process of its own there, which ends with the scope; its stores of the workspace are not taken yet. */
  async process(): Promise<{ store(parts?: LocalStoreParts): Store } & AsyncDisposable> {
    const { store, end } = await processAt(this.place);
    return { store: (parts) => store(this.workspaceId, parts), [Symbol.asyncDispose]: end };
  }

  /** Does something to the dead letters, as a command beside the bridge. */
  async command(work: (letters: DeadLetters) => Promise<void>): Promise<void> {
    const process = await processAt(this.place);
    try {
      const { letters, close } = await process.letters(this.workspaceId);
      await work(letters);
      await close();
    } finally {
      await process.end();
    }
  }

  /**
   * The store as the next process has it, taken and opened; the process ends when it is closed, or with the
   * scope. After a crash it waits until what the dead one held is free.
   */
  async open(parts: LocalStoreParts = {}): Promise<Store & AsyncDisposable> {
    const { store: storeOf, end } = await processAt(this.place);
    const store = storeOf(this.workspaceId, parts);
    const closed = store.close.bind(store);
    const close = async () => {
      try {
        await closed();
      } finally {
        await end();
      }
    };
    try {
      await lookUntil(async () => (await store.lock.take()) === "taken");
      await store.open();
    } catch (error) {
      await close();
      throw error;
    }
    return Object.assign(store, { close, [Symbol.asyncDispose]: close });
  }

  /** Another workspace in the same place. */
  neighbour(): Home {
    return new Home(this.place);
  }
}

interface StoreKind extends Guarded {
  name: string;
  /** The address of the shared store, where it has one. */
  shared(): Promise<string | undefined>;
}

/** One for all tests: their workspaces keep apart. */
let database: Promise<string> | undefined;

const KINDS: StoreKind[] = [
  { ...onlyWhere(true, ""), name: "local", shared: async () => undefined },
  {
    ...onPostgres,
    name: "Postgres",
    shared: () => (database ??= sharedPostgres().then((server) => server.newDatabase())),
  },
];

/** A test of each kind of store. */
export function contract(
  name: string,
  body: (home: Home) => Promise<void>,
  timeoutMs?: number,
): void {
  for (const kind of KINDS) {
    const run = async () => {
      using folder = tmpFolder();
      await body(new Home({ folder: folder.path, shared: await kind.shared() }));
    };
    kind.test(`${name} [${kind.name}]`, run, timeoutMs);
  }
}
