/** All that the page knows, without a word on how it looks. */
import type {
  Frame,
  PageBridge,
  PageRow,
  PageState,
  PageWorkspace,
  SentFile,
  Standing,
  View,
} from "../wire.ts";
import { KnownStandings } from "./known-standings.ts";
import { belongs, Timeline } from "./timeline.ts";

/** A message of this page that the feed does not show yet. */
export interface Pending {
  readonly messageId: string;
  readonly workspaceId: string;
  readonly text: string;
  readonly files: readonly File[];
  /** Milliseconds since 1970. */
  readonly at: number;
  state: "sending" | "sent" | "failed";
  /** Why it could not be sent, and what to do. */
  problem?: string | undefined;
  /** Its files once they were handed in: a second try sends them no more. */
  handedIn?: SentFile[];
}

/** What has become of the link to the platform. */
export type Link = "opening" | "open" | "lost";

export class Model {
  link: Link = "opening";
  version = "";
  revision = "";
  workspaces: PageWorkspace[] = [];
  readonly bridges = new Map<string, PageBridge>();
  /** Messages that came while another workspace was looked at. */
  readonly unread = new Map<string, number>();
  pending: Pending[] = [];
  selected: string | undefined;
  view: View = "conversation";
  readonly #standings = new KnownStandings();
  #timelines: { workspaceId: string; view: View; timeline: Timeline }[] = [];

  get workspace(): PageWorkspace | undefined {
    return this.selected === undefined ? undefined : this.find(this.selected);
  }

  find(workspaceId: string): PageWorkspace | undefined {
    return this.workspaces.find(({ id }) => id === workspaceId);
  }

  timeline(workspaceId: string, view: View): Timeline {
    const found = this.#timelines.find(
      (one) => one.workspaceId === workspaceId && one.view === view,
    );
    if (found !== undefined) return found.timeline;
    const timeline = new Timeline();
    this.#timelines.push({ workspaceId, view, timeline });
    return timeline;
  }

  /** What a workspace is called; the beginning of its id where it is not here any more. */
  nameOf(workspaceId: string): string {
    return this.find(workspaceId)?.name ?? workspaceId.slice(0, 8);
  }

  standingOf({ id }: PageRow): Standing | undefined {
    return this.#standings.of(id);
  }

  /** Takes what the platform tells. `isSeen`: somebody looks at the workspace that is selected. */
  take(frame: Frame, isSeen: boolean): void {
    switch (frame.type) {
      case "state":
        return this.#begin(frame.state);
      case "workspace":
        return this.#put(frame.workspace);
      case "removed":
        this.workspaces = this.workspaces.filter(({ id }) => id !== frame.workspaceId);
        this.unread.delete(frame.workspaceId);
        this.#timelines = this.#timelines.filter((one) => one.workspaceId !== frame.workspaceId);
        return this.#select();
      case "row":
        return this.#add(frame.row, isSeen);
      case "bridge":
        if (frame.bridge === null) this.bridges.delete(frame.workspaceId);
        else this.bridges.set(frame.workspaceId, frame.bridge);
        return;
      case "standings":
        for (const [id, standing] of Object.entries(frame.standings)) {
          this.#standings.tell(id, standing);
        }
    }
  }

  /** Rows of the past, whose standing counts where nothing newer is known. */
  learn(rows: readonly PageRow[]): void {
    for (const row of rows) {
      if (row.standing !== undefined) this.#standings.learn(row.id, row.standing);
      this.#arrived(row);
    }
  }

  select(workspaceId: string): void {
    this.selected = workspaceId;
    this.unread.delete(workspaceId);
  }

  /** After a pause anything may have changed: what is here is kept until it was read again. */
  #begin({ version, revision, workspaces, bridges, standings }: PageState): void {
    this.link = "open";
    this.version = version;
    this.revision = revision;
    this.workspaces = workspaces;
    this.bridges.clear();
    for (const [id, bridge] of Object.entries(bridges)) this.bridges.set(id, bridge);
    this.#standings.renew(standings);
    for (const { timeline } of this.#timelines) timeline.pause();
    this.#select();
  }

  #put(workspace: PageWorkspace): void {
    const at = this.workspaces.findIndex(({ id }) => id === workspace.id);
    if (at < 0) this.workspaces = [...this.workspaces, workspace];
    else this.workspaces = this.workspaces.with(at, workspace);
    this.#select();
  }

  #add(row: PageRow, isSeen: boolean): void {
    if (row.standing !== undefined) this.#standings.tell(row.id, row.standing);
    for (const { workspaceId, view, timeline } of this.#timelines) {
      if (belongs(row, workspaceId, view)) timeline.add(row);
    }
    const speaks = row.kind === "agent" || (row.kind === "user" && row.answer !== null);
    if (speaks && !(isSeen && row.workspaceId === this.selected)) {
      this.unread.set(row.workspaceId, (this.unread.get(row.workspaceId) ?? 0) + 1);
    }
    this.#arrived(row);
  }

  #arrived({ messageId, workspaceId }: PageRow): void {
    if (messageId === null) return;
    const isIt = (one: Pending) => one.messageId === messageId && one.workspaceId === workspaceId;
    this.pending = this.pending.filter((one) => !isIt(one));
  }

  /** Something is always selected, where there is anything. */
  #select(): void {
    if (this.workspace === undefined) this.selected = this.workspaces[0]?.id;
  }
}
