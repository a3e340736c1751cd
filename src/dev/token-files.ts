/**
 * Tokens on disk, for the person at this machine: the database keeps only their hashes. A folder of
 * its owner alone, with a file of its owner alone for each.
 */
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { codeOf, messageOf, MoleculeError } from "../shared/errors.ts";
import { replaceFile } from "../shared/replace-file.ts";

const ADMIN = "admin";
const PAGE = "page";

export class TokenFiles {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** The folder beside the database, or a temporary one for a database in memory. */
  static async of(db: string): Promise<TokenFiles> {
    if (db === ":memory:") return new TokenFiles(await mkdtemp(join(tmpdir(), "molecule-dev-")));
    const files = new TokenFiles(folderOf(db));
    await mkdir(files.folder, { recursive: true, mode: 0o700 });
    return files;
  }

  path(name: string): string {
    return join(this.folder, `${name}.token`);
  }

  /** The token of the file; undefined when there is none, or nothing that could be one. */
  read(name: string): string | undefined {
    try {
      const text = readFileSync(this.path(name), "utf8").trim();
      return /^[\x21-\x7e]+$/.test(text) ? text : undefined;
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw new MoleculeError(`cannot read ${this.path(name)}: ${messageOf(error)}`, {
        hint: "remove the file; a new token is made in its place",
        cause: error,
      });
    }
  }

  /** Replaces the file. It is whole and private from its first moment on. */
  async write(name: string, token: string): Promise<void> {
    const temporary = join(this.folder, `.${name}.${crypto.randomUUID()}.tmp`);
    const handle = await open(temporary, "wx", 0o600);
    try {
      await handle.writeFile(`${token}\n`);
      await handle.close();
      await replaceFile(temporary, this.path(name));
    } catch (error) {
      await handle.close().catch(() => {});
      await rm(temporary, { force: true });
      throw error;
    }
  }

  readAdmin(): string | undefined {
    return this.read(ADMIN);
  }

  /** Keeps the admin token for the next start; gives the path of its file. */
  keepAdmin(token: string): Promise<string> {
    return this.#keep(ADMIN, token);
  }

  readPage(): string | undefined {
    return this.read(PAGE);
  }

  /** The same for the token of the page, whose link is then good after the next start, too. */
  keepPage(token: string): Promise<string> {
    return this.#keep(PAGE, token);
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  async #keep(name: string, token: string): Promise<string> {
    if (this.read(name) !== token) await this.write(name, token);
    return this.path(name);
  }
}

/** The admin token that an earlier run has left beside this database. */
export function savedAdminToken(db: string): string | undefined {
  return db === ":memory:" ? undefined : new TokenFiles(folderOf(db)).readAdmin();
}

/** The token of the page that an earlier run has left there. */
export function savedPageToken(db: string): string | undefined {
  return db === ":memory:" ? undefined : new TokenFiles(folderOf(db)).readPage();
}

function folderOf(db: string): string {
  return `${db}.tokens`;
}
