/** What Postgres has seen of who had each workspace, and who wrote for it: a trigger notes it, in the order of commits. */
import { SQL } from "bun";
import { storesAt } from "../harness/stores.ts";

const TRIGGER = `
  CREATE TABLE public.drill (
    n bigint GENERATED ALWAYS AS IDENTITY, at float8, ws text, epoch integer, version integer, by text);
  CREATE FUNCTION public.drill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO public.drill (at, ws, epoch, version, by) VALUES
      (extract(epoch FROM clock_timestamp()) * 1000, NEW.id, NEW.epoch, NEW.version, session_user);
    RETURN NULL; END $$;
  CREATE TRIGGER drill AFTER UPDATE ON molecule.workspaces FOR EACH ROW EXECUTE FUNCTION public.drill();`;

/** A change of a workspace's row. */
export interface Change {
  /** In ms since 1970. */
  at: number;
  ws: string;
  epoch: number;
  version: number;
  /** The number of the bridge. */
  by: number;
}

export class Audit implements AsyncDisposable {
  readonly #url: string;
  readonly #sql: SQL;

  private constructor(url: string) {
    this.#url = url;
    // Where a restart of the server ends its connection, the next query opens another one.
    this.#sql = new SQL(url, { max: 1 });
  }

  /** Makes the tables of the store in an empty database, and watches them. */
  static async start(url: string): Promise<Audit> {
    await (await storesAt(url)).close();
    const audit = new Audit(url);
    await audit.#sql.unsafe(TRIGGER);
    return audit;
  }

  /** The address for one bridge: by its user it is known who has written. */
  async addressFor(bridge: number): Promise<string> {
    const url = new URL(this.#url);
    const user = `${url.pathname.slice(1)}_bridge_${bridge}`;
    await this.#sql.unsafe(`CREATE ROLE ${user} SUPERUSER LOGIN PASSWORD '${url.password}'`);
    url.username = user;
    return url.href;
  }

  /** All changes so far, in their order. */
  changes(): Promise<Change[]> {
    return this.#read("SELECT at, ws, epoch, version, by FROM public.drill ORDER BY n");
  }

  /** Who has each workspace that somebody has: the claims of the moment. */
  held(): Promise<Change[]> {
    return this.#read(
      `SELECT DISTINCT ON (d.ws) d.at, d.ws, d.epoch, d.version, d.by FROM public.drill AS d
       JOIN molecule.workspaces AS w ON w.id = d.ws AND w.epoch = d.epoch AND w.owner IS NOT NULL
       ORDER BY d.ws, d.n`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sql.close({ timeout: 0 });
  }

  async #read(query: string): Promise<Change[]> {
    const rows = (await this.#sql.unsafe(query)) as (Change & { by: string })[];
    return rows.map((row) => ({ ...row, by: Number(/\d+$/.exec(row.by)?.[0]) }));
  }
}

/** The claims among all changes: an epoch begins with one. */
export function claimsIn(changes: readonly Change[]): Change[] {
  const epochs = new Map<string, number>();
  return changes.filter(({ ws, epoch }) => {
    const isNew = epochs.get(ws) !== epoch;
    epochs.set(ws, epoch);
    return isNew;
  });
}
