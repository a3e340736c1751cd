/** `molecule dead-letter`: what its commands do. */
import { readMessage } from "../../a2a/message.ts";
import { retryLetter } from "../../bridge/delivery/retry-letter.ts";
import type { Context } from "../../cli/command.ts";
import type { Column } from "../../cli/print.ts";
import { Token } from "../../platform/token.ts";
import { MoleculeError, UsageError } from "../../shared/errors.ts";
import { get } from "../../shared/json.ts";
import type { Secrets } from "../../shared/secrets.ts";
import { LocalStore } from "../../store/local.ts";
import { openDeadLetters } from "../../store/open-dead-letters.ts";
import type { DeadLetter, DeadLetters } from "../../store/store.ts";
import type { ListValues, ManyValues, ShowValues } from "./dead-letter.ts";
import { WORKSPACE_TOKEN_FILE } from "../access/credential-flags.ts";
import { GLOBALS } from "../globals.ts";
import { show as showData } from "../show.ts";
import { logFor } from "../logging.ts";
import { stateFolder } from "../access/state-folder.ts";
import { storeAddress } from "../access/store-address.ts";
import { requireKnown } from "../which/workspace-id.ts";

export async function list(values: ListValues, context: Context): Promise<void> {
  const found = await withLetters(values, context, (letters) => letters.list());
  const rows = found.map(summaryOf);
  await showData(context, rows, COLUMNS, { empty: "there are no dead letters" });
}

const COLUMNS: Column<ReturnType<typeof summaryOf>>[] = [
  { title: "id", of: ({ id }) => id },
  { title: "from", of: ({ from }) => from },
  { title: "at", of: ({ at }) => at, wide: true },
  { title: "given_up_at", of: (letter) => letter.given_up_at, wide: true },
  { title: "runs", of: ({ runs }) => runs, align: "right" },
  { title: "reason", of: ({ reason }) => reason, wrap: true },
];

export async function show(values: ShowValues, context: Context): Promise<void> {
  const letter = await withLetters(values, context, async (letters) =>
    letters.get(await find(letters, values.id)),
  );
  if (letter === undefined) throw unknown(values.id);
  const format = context.get(GLOBALS.output);
  const { secrets } = context.io;
  const row = readRaw(letter.raw, secrets);
  const { messageId, text } = readMessage(get(row, "request_body"));
  const data = {
    ...summaryOf(letter),
    message_id: messageId,
    text,
    undelivered: answerOf(letter, secrets),
    ...(format === "table" ? {} : { row }),
  };
  await showData(context, data);
}

export async function retry(values: ManyValues, context: Context): Promise<void> {
  await each(values, context, "retried", retryLetter);
}

export async function drop(values: ManyValues, context: Context): Promise<void> {
  await each(values, context, "dropped", (letters, id) => letters.drop(id));
}

/** Does it to one letter, or to all; what another process was quicker with is left out. */
async function each(
  values: ManyValues,
  context: Context,
  done: string,
  act: (letters: DeadLetters, id: string) => Promise<boolean>,
): Promise<void> {
  const { id, all } = values;
  if (all === (id !== undefined)) {
    throw new UsageError(
      `give the id of a message or --all${all ? ", not both" : ""}`,
      "molecule dead-letter list WORKSPACE shows the ids.",
    );
  }
  const ids = await withLetters(values, context, async (letters) => {
    const wanted =
      id === undefined
        ? (await letters.list()).map((letter) => letter.id)
        : [await find(letters, id)];
    const acted: string[] = [];
    for (const one of wanted) if (await act(letters, one)) acted.push(one);
    return acted;
  });
  if (id !== undefined && ids.length !== 1) throw unknown(id);
  const rows = ids.map((one) => ({ id: one, status: done }));
  await showData(context, rows, undefined, { empty: "there are no dead letters" });
}

async function withLetters<T>(
  values: ListValues,
  context: Context,
  use: (letters: DeadLetters) => Promise<T>,
): Promise<T> {
  const workspaceId = await requireKnown(values.workspaceId, context.env);
  const folder = stateFolder(values.stateDir);
  await learnTokens(folder, workspaceId, context);
  const address = await storeAddress(values, context, logFor(context));
  const opened =
    address === undefined
      ? openDeadLetters(folder, workspaceId)
      : // Few need it, and it takes its time.
        await (
          await import("./shared-letters.ts")
        ).openShared(address, workspaceId, folder, context.io.secrets);
  if (opened === undefined) throw noState(workspaceId, folder);
  try {
    return await use(opened.letters);
  } finally {
    await opened.close();
  }
}

/**
 * A letter may hold what was once said of our token. Those in variables are known to the mask; here
 * are those in files, whichever store the letters are in. One that can't be read can't be used, either.
 */
async function learnTokens(folder: string, workspaceId: string, context: Context): Promise<void> {
  const { io, env } = context;
  const kept = await new LocalStore(folder, workspaceId).loadToken().catch(() => undefined);
  io.secrets.add(kept);
  const file = env[WORKSPACE_TOKEN_FILE];
  if (file) await Token.fromFile(file, io.secrets).catch(() => {});
}

/** The whole id of a letter from its beginning. */
async function find(letters: DeadLetters, given: string): Promise<string> {
  const ids = (await letters.list()).map(({ id }) => id);
  const matching = ids.filter((id) => id.toLowerCase().startsWith(given.toLowerCase()));
  const [only] = matching;
  if (only === undefined || given === "") throw unknown(given);
  if (matching.length === 1 || ids.includes(given)) return ids.includes(given) ? given : only;
  throw new MoleculeError(`"${given}" is the beginning of ${matching.length} dead letters`, {
    hint: "Give more of the id; molecule dead-letter list WORKSPACE shows them.",
  });
}

function summaryOf(letter: Omit<DeadLetter, "raw" | "undelivered">) {
  return {
    id: letter.id,
    from: letter.lane === "" ? "canvas" : letter.lane,
    at: letter.at.replace(/\.?0+Z$/, "Z"),
    given_up_at: new Date(letter.diedAt).toISOString(),
    runs: letter.attempts + letter.crashes,
    reason: letter.reason,
  };
}

/** Masked before it is shown as JSON, since escapes on escapes would hide a secret from the mask. */
function readRaw(raw: string, secrets: Secrets): unknown {
  try {
    return JSON.parse(raw, (_, value: unknown) =>
      typeof value === "string" ? secrets.mask(value) : value,
    );
  } catch {
    // Nested too deeply to be walked through.
    return secrets.mask(raw);
  }
}

function answerOf({ lane, undelivered }: DeadLetter, secrets: Secrets): string | undefined {
  if (undelivered === undefined) return undefined;
  if (lane === "") return secrets.mask(undelivered.body);
  return readMessage(readRaw(undelivered.body, secrets)).text;
}

function unknown(id: string): MoleculeError {
  return new MoleculeError(`there is no dead letter "${id}"`, {
    hint: "molecule dead-letter list WORKSPACE shows those that there are.",
  });
}

function noState(workspaceId: string, folder: string): MoleculeError {
  return new MoleculeError(`no bridge has kept anything of workspace ${workspaceId} in ${folder}`, {
    hint: "Check the id, or name the folder of that bridge with --state-dir, or the store that it shares with --store-file.",
  });
}
