/** Reads rows of the past, as they are asked for. */
import type { RowPage, View } from "../wire.ts";
import type { Calls } from "./calls.ts";
import type { Model } from "./model.ts";

export class History {
  readonly #model: Model;
  readonly #calls: Calls;
  readonly #onChange: () => void;

  constructor(model: Model, calls: Calls, onChange: () => void) {
    this.#model = model;
    this.#calls = calls;
    this.#onChange = onChange;
  }

  /** The newest page of a view. */
  async read(workspaceId: string, view: View): Promise<void> {
    const timeline = this.#model.timeline(workspaceId, view);
    timeline.state = "reading";
    await this.#page(workspaceId, view, undefined, (page) => timeline.restart(page));
  }

  /** More of a view: what is here of it, else the page before. */
  async readEarlier(workspaceId: string, view: View): Promise<void> {
    const timeline = this.#model.timeline(workspaceId, view);
    const before = timeline.widen();
    this.#onChange();
    if (before === undefined) return;
    await this.#page(workspaceId, view, before, (page) => timeline.extend(page, before));
  }

  async #page(
    workspaceId: string,
    view: View,
    before: string | undefined,
    take: (page: RowPage) => void,
  ): Promise<void> {
    const query = new URLSearchParams({ view, ...(before === undefined ? {} : { before }) });
    const timeline = this.#model.timeline(workspaceId, view);
    try {
      const page = await this.#calls.get<RowPage>(`workspaces/${workspaceId}/rows?${query}`);
      take(page);
      this.#model.learn(page.rows);
    } catch (error) {
      if (before === undefined) timeline.state = "failed";
      timeline.problem = (error as Error).message;
    }
    this.#onChange();
  }
}
