/** A new token on its way to where it is kept: the platform shows it once, so the way is looked at before. */
import { resolve } from "node:path";
import type { Context } from "../../cli/command.ts";
import { MoleculeError, UsageError } from "../../shared/errors.ts";
import { isWorkspaceId } from "../../shared/ids.ts";
import { isFor } from "../../shared/kept-token.ts";
import { realPath } from "../../shared/real-path.ts";
import { readToken, refuseOthers, replaceToken, tokenPath } from "../../store/token-file.ts";
import { platformAddress } from "../platform-address.ts";
import { stateFolder } from "../access/state-folder.ts";
import { inTime, makePlace, newFile, replaced } from "./places.ts";

/** The values of `keepFlags` and `handOverFlags`. */
export interface KeepValues {
  save: boolean;
  saveTo: string | undefined;
  showToken: boolean;
  stateDir: string | undefined;
}

/** What became of the token. */
export interface Kept {
  /** The files that hold it now. */
  files: string[];
  /** One of them is where connect looks for it. */
  found: boolean;
  /** Why it could not be written: then it has to be shown, lest it be lost. */
  problem: MoleculeError | undefined;
  /** The file where connect finds a token that is dead by now, as the operator wants none kept. */
  outdated: string | undefined;
}

export class TokenKeeper {
  /** The operator asked to see it. */
  readonly show: boolean;
  readonly #folder: string;
  readonly #platform: string;
  #saves: boolean;
  /** `--no-save` was given: the state folder is left alone. */
  readonly #spares: boolean;
  #file: string | undefined;
  readonly #replaces: boolean;
  /** The workspace that the operator named; undefined for one that the platform makes. */
  #named: string | undefined;

  /**
   * Looks whether the token can be kept as is asked, before there is one. With `replaces` it is to take the
   * place of one that is dead then: a file of --save-to may hold that one. Rejects with a UsageError
   * where it would be lost, and with a MoleculeError where it can't be written.
   */
  static async prepare(
    values: KeepValues,
    context: Context,
    replaces = false,
  ): Promise<TokenKeeper> {
    const asked = context.source("save") === "flag";
    const saves = values.save && (asked || values.saveTo === undefined);
    if (!saves && values.saveTo === undefined && !values.showToken) {
      throw new UsageError(
        "the token would be lost: the platform shows it only once",
        "Say where it goes: --save keeps it for connect, --save-to FILE writes it to a file, --show-token prints it.",
      );
    }
    const spares = asked && !values.save;
    const keeper = new TokenKeeper(values, platformAddress(context), { saves, spares, replaces });
    await keeper.#look();
    return keeper;
  }

  private constructor(
    values: KeepValues,
    platform: string,
    { saves, spares, replaces }: Record<"saves" | "spares" | "replaces", boolean>,
  ) {
    this.show = values.showToken;
    this.#folder = stateFolder(values.stateDir);
    this.#platform = platform;
    this.#saves = saves;
    this.#spares = spares;
    this.#file = values.saveTo === undefined ? undefined : resolve(values.saveTo);
    this.#replaces = replaces;
  }

  /**
   * The workspace that the token will be of: one that is kept for it gives way. Rejects with a MoleculeError where
   * that is for another platform. To be called before there is a token.
   */
  async expect(workspaceId: string): Promise<void> {
    this.#named = workspaceId;
    const path = tokenPath(this.#folder, workspaceId);
    if (this.#file !== undefined && realPath(this.#file) === realPath(path)) {
      // It is where connect looks, by another name.
      this.#saves = true;
      this.#file = undefined;
    }
    if (this.#saves) await refuseOthers(path, this.#platform);
  }

  /**
   * Writes the token of the workspace; of none for one of the organisation. Never rejects, and never waits for a disk
   * without end: what can't be written is told in the answer.
   */
  async keep(token: string, workspaceId: string | undefined): Promise<Kept> {
    const kept: Kept = { files: [], found: false, problem: undefined, outdated: undefined };
    const write = async (path: string, writing: () => Promise<void>) => {
      try {
        await inTime(path, writing());
        kept.files.push(path);
      } catch (error) {
        kept.problem = error as MoleculeError;
      }
    };
    const file = this.#file;
    if (file !== undefined) {
      const put = this.#replaces ? replaced : newFile;
      await write(file, () => put(file, token));
    }
    if (workspaceId === undefined) return kept;
    // It comes from the platform, and becomes a path here.
    if (!isWorkspaceId(workspaceId)) {
      kept.problem = new MoleculeError("the platform's answer names no workspace");
      return kept;
    }
    const path = tokenPath(this.#folder, workspaceId);
    if (this.#saves) await write(path, () => this.#save(path, token, workspaceId));
    else if (await this.#isOutdated(path)) {
      if (this.#spares) kept.outdated = path;
      else await write(path, () => this.#save(path, token, workspaceId));
    }
    kept.found = kept.files.includes(path);
    return kept;
  }

  async #look(): Promise<void> {
    if (this.#saves) await makePlace(this.#folder);
    if (this.#file !== undefined) await (this.#replaces ? replaced : newFile)(this.#file);
  }

  /** Only where the operator named the workspace, it is known that the token which is kept of it may go. */
  async #save(path: string, value: string, workspaceId: string): Promise<void> {
    const there = await readToken(path).catch(() => undefined);
    if (there !== undefined && workspaceId !== this.#named) throw known(path);
    // A link stays one.
    await replaceToken(realPath(path), { value, platform: this.#platform });
  }

  /** What was kept is dead once another takes its place, and connect would find it. */
  async #isOutdated(path: string): Promise<boolean> {
    if (!this.#replaces) return false;
    const kept = await readToken(path).catch(() => undefined);
    return kept !== undefined && isFor(kept, this.#platform);
  }
}

function known(path: string): MoleculeError {
  return new MoleculeError(
    `the platform gave the new workspace an id of which ${path} keeps a token already`,
    { hint: "That one is left as it is. A platform that is what it says gives no id twice." },
  );
}
