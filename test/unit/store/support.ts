import { expect } from "bun:test";
import { MoleculeError } from "../../../src/shared/errors.ts";
import { formatTimestamp } from "../../../src/shared/timestamp.ts";
import { LocalStore, type LocalStoreParts } from "../../../src/store/local.ts";
import { openDeadLetters } from "../../../src/store/open-dead-letters.ts";
import type {
  Cursor,
  DeadLetters,
  Head,
  NewMessage,
  NewReply,
  NewRow,
  Reply,
  Store,
} from "../../../src/store/store.ts";
import { WORKSPACE } from "../../harness/scripted-platform.ts";
import { storesAt } from "../../harness/stores.ts";

/** A row of the feed, and a cursor of which every part is set. */
export const ROW = "aaaaaaaa-0000-4000-8000-000000000001";
export const CURSOR: Cursor = {
  lastSinceId: ROW,
  settled: { id: ROW, at: "2026-01-01T00:00:00.123456789Z" },
  windowStart: "2026-01-01T00:00:00.000000000Z",
  fetchFromId: "aaaaaaaa-0000-4000-8000-000000000000",
};

/** Where stores are kept: in a folder, or, with the address of a shared store, there. */
export interface Place {
  folder: string;
  shared?: string | undefined;
}

/** A process with stores in such a place: once it has ended, nothing there is held by it. */
export interface StoreProcess {
  /** Nothing is taken or opened yet. */
  store(workspaceId: string, parts?: LocalStoreParts): Store;
  /** The dead letters of a workspace, as a command sees them beside its bridge. */
  letters(workspaceId: string): Promise<{ letters: DeadLetters; close(): unknown }>;
  end(): Promise<void>;
}

/** In a shared store another may take what this one holds where it is silent for `leaseMs`. */
export async function processAt({ folder, shared }: Place, leaseMs = 2_000): Promise<StoreProcess> {
  if (shared === undefined) {
    return {
      store: (workspaceId, parts) => new LocalStore(folder, workspaceId, parts),
      letters: async (workspaceId) => {
        const opened = openDeadLetters(folder, workspaceId);
        if (opened === undefined) throw new Error("there is no database");
        return opened;
      },
      end: async () => {},
    };
  }
  const stores = await storesAt(shared, { leaseMs });
  return {
    store: (workspaceId, parts) => stores.of(workspaceId, { ...parts, folder }),
    letters: (workspaceId) => stores.visit(workspaceId, folder),
    end: () => stores.close(),
  };
}

/** The local store of the folder with its lock, closed at the end of its `using` scope. */
export async function openStore(
  folder: string,
  parts: LocalStoreParts = {},
): Promise<LocalStore & AsyncDisposable> {
  const store = new LocalStore(folder, WORKSPACE, parts);
  expect(await store.lock.take()).toBe("taken");
  try {
    await store.open();
  } catch (error) {
    await store.close();
    throw error;
  }
  return Object.assign(store, { [Symbol.asyncDispose]: () => store.close() });
}

/** What a call that must fail said. */
export async function failure(doomed: Promise<unknown>): Promise<MoleculeError> {
  const error = await doomed.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(MoleculeError);
  return error as MoleculeError;
}

/** The time of a row that came `second` seconds after the first. */
export const at = (second: number) =>
  formatTimestamp(BigInt(Date.UTC(2026, 0, 1)) * 1_000_000n + BigInt(second) * 1_000_000_000n);

/** A row that asks for something, `m<second>`. */
export function asking(second: number, lane = "peer", more: Partial<NewMessage> = {}): NewRow {
  const id = `m${second}`;
  const message = { lane, raw: `{"id":"${id}"}`, ids: [`sent-${id}`], digest: id, ...more };
  return { id, at: at(second), notice: undefined, message };
}

/** A row that is passed over, `s<second>`. */
export function passing(second: number, notice?: string): NewRow {
  return { id: `s${second}`, at: at(second), notice, message: undefined };
}

/** An answer to a message of the lane. */
export function answerTo(activityId: string, more: Partial<NewReply> = {}): NewReply {
  const reply = { activityId, lane: "peer", kind: "answer", generation: 0, body: "an answer" };
  return { ...reply, digest: undefined, ...more } as NewReply;
}

/** The kind that says that only the operator can mend what keeps a message from its answer. */
export const trouble = (activityId: string): NewReply =>
  answerTo(activityId, { kind: "trouble" as NewReply["kind"], body: "a word" });

export async function headOf(store: Store, lane = "peer"): Promise<Head> {
  const head = await store.journal.head(lane);
  if (head === undefined) throw new Error(`the lane ${lane} is empty`);
  return head;
}

/** The reply that waits at the head of the lane. */
export async function pending(store: Store, lane = "peer"): Promise<Reply> {
  const { reply } = await headOf(store, lane);
  if (reply === undefined) throw new Error("no reply waits");
  return reply;
}

/** A store's one message, answered; its answer is handed over and not known to have arrived. */
export async function handedOver(store: Store, messages = [asking(1)]): Promise<Reply> {
  await store.journal.admit(messages, undefined);
  await store.outbox.keep(answerTo("m1"));
  const reply = await pending(store);
  await store.outbox.handOver(reply);
  return reply;
}
