/** The store that several machines share, where one is named: seen without changing any of it. */
import { count } from "../../shared/count.ts";
import { MIGRATIONS } from "../../store/postgres/schema.ts";
import type { ServerView } from "../../store/postgres/survey.ts";
import type { StoreAddress } from "../../store/postgres/address.ts";
import { failed, ok, skipped, together, warning, type Check, type Finding } from "./check.ts";
import { OFFLINE } from "./examine.ts";
import type { SharedFacts } from "./patient.ts";

export const store: Check = {
  name: "store",
  title: "the shared store",
  without: "the shared store can't be used",
  network: "also",
  deadlineMs: 12_000,
  async run(patient) {
    const named = await patient.store();
    if (named === undefined)
      return skipped("none is named: what bridges know is kept in the state folder");
    if (patient.values.offline) return { ...skipped(OFFLINE), breaks: OFFLINE };
    const { address, notes } = named;
    const { server, facts } = await look(address, patient.workspaceId);
    patient.shared = facts;
    return together([
      ok(`${address.place} answers`),
      ...serverFindings(server),
      ...transportFindings(address, server),
      ...notes.map((note) => warning(note)),
    ]);
  },
};

async function look(
  address: StoreAddress,
  workspaceId: string | undefined,
): Promise<{ server: ServerView; facts: SharedFacts }> {
  // Few have one, and it takes its time.
  const [{ PostgresClient }, { inspectServer, storedToken, survey }, { systemClock }] =
    await Promise.all([
      import("../../store/postgres/client.ts"),
      import("../../store/postgres/survey.ts"),
      import("../../shared/clock.ts"),
    ]);
  const client = new PostgresClient(address, systemClock, 1);
  try {
    const server = await inspectServer(client);
    const isReadable = server.version === MIGRATIONS.length && server.lacking.length === 0;
    const nothing = { workspace: undefined, token: undefined };
    if (!isReadable || workspaceId === undefined) return { server, facts: nothing };
    const [workspace] = (await survey(client, 1, [workspaceId])).workspaces;
    if (workspace === undefined) return { server, facts: nothing };
    return { server, facts: { workspace, token: await storedToken(client, workspaceId) } };
  } finally {
    await client.close();
  }
}

const MIGRATE = "molecule store migrate";

function serverFindings({ version, may_create: mayCreate, ...server }: ServerView): Finding[] {
  const known = MIGRATIONS.length;
  const found: Finding[] = [];
  if (server.is_standby) {
    found.push(
      failed(
        "it is a standby, which only reads",
        "Name the server that takes changes in its address.",
      ),
    );
  }
  if (version > known) {
    found.push(
      failed(
        `a newer version of molecule wrote it (schema ${version}, this one knows ${known})`,
        "Install that version here, too.",
      ),
    );
  } else if (version === known) found.push(ok(`schema ${version}`));
  else if (version > 0) {
    found.push(
      warning(
        `an older version of molecule wrote it (schema ${version} of ${known})`,
        `${MIGRATE} brings it up to date, as a bridge does whose user may.`,
      ),
    );
  } else if (mayCreate) found.push(ok("it is empty; the first bridge makes its tables"));
  else {
    found.push(
      failed(
        "it has no tables, and this user may not make them",
        `As one who may: ${MIGRATE}. Then give this user its rights, which ${MIGRATE} --help -v names.`,
      ),
    );
  }
  if (server.lacking.length > 0) {
    found.push(
      failed(
        `this user may not read and change ${count(server.lacking.length, "table")}: ${server.lacking.slice(0, 3).join(", ")}${server.lacking.length > 3 ? ", …" : ""}`,
        `${MIGRATE} --help -v names the rights that it needs.`,
      ),
    );
  }
  return found;
}

function transportFindings(
  address: StoreAddress,
  { is_encrypted: encrypted }: ServerView,
): Finding[] {
  const { isLocal, demands } = transportOf(address);
  if (encrypted && (demands || isLocal)) return [ok("encrypted")];
  if (isLocal) return [];
  const hint = "Let its address end in ?sslmode=verify-full, or in ?sslmode=require at least.";
  return [
    encrypted
      ? warning("it is encrypted, but would go on without: its address has no sslmode", hint)
      : warning("messages and tokens go to it unencrypted", hint),
  ];
}

/** Whether the server is on this machine, and whether the address insists on encryption (libpq, sslmode). */
function transportOf({ url }: StoreAddress): { isLocal: boolean; demands: boolean } {
  const { hostname, searchParams: options } = new URL(url);
  const host = options.get("host") ?? hostname;
  const isSocket = options.has("path") || options.has("socket") || host.startsWith("/");
  const isLocal = isSocket || /^(?:localhost$|127\.|\[?::1\]?$)/i.test(host);
  return { isLocal, demands: /^(?:require|verify-)/.test(options.get("sslmode") ?? "") };
}
