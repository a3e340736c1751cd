/** Something to begin with: an agent to connect as, and two peers to talk to it. */
import { createExternal } from "./create.ts";
import type { DevPlatform } from "./server.ts";
import { TokenFiles } from "./token-files.ts";

/** The workspace that `molecule connect` is to be tried with, then its peers. */
export const SEED_NAMES = ["agent", "ada", "ben"] as const;

export interface SeededWorkspace {
  id: string;
  name: string;
  /** The file with its token. */
  tokenFile: string;
}

export interface Seed {
  workspaces: SeededWorkspace[];
  adminTokenFile: string;
}

/**
 * Makes sure that the workspaces of {@link SEED_NAMES} are there, all external, in poll mode and
 * without a parent, each with a token in a file: `<db>.tokens/<name>.token`, and the admin token
 * beside them. A file whose token is still good is left alone; otherwise a new token is made, and
 * those in use elsewhere stay good. For a database in memory the files go when the platform stops.
 */
export async function seed(platform: DevPlatform): Promise<Seed> {
  const files = await TokenFiles.of(platform.db);
  if (platform.db === ":memory:") platform.onStop(() => files.remove());
  const workspaces: SeededWorkspace[] = [];
  for (const name of SEED_NAMES) workspaces.push(await seedWorkspace(platform, files, name));
  return { workspaces, adminTokenFile: await files.keepAdmin(platform.adminToken) };
}

async function seedWorkspace(
  { database, events }: DevPlatform,
  files: TokenFiles,
  name: string,
): Promise<SeededWorkspace> {
  const tokenFile = files.path(name);
  const found = database.workspaces.findByName(name);
  if (found === undefined) {
    const { id, token } = createExternal(database, name, { delivery_mode: "poll" });
    events.changed(id);
    if (token !== undefined) await files.write(name, token);
    return { id, name, tokenFile };
  }
  const saved = files.read(name);
  if (saved === undefined || database.tokens.owner(saved) !== found.id) {
    await files.write(name, database.tokens.mint(found.id, "instance"));
  }
  return { id: found.id, name, tokenFile };
}
