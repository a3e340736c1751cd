/** The page: takes what the platform tells, and shows it. */
import type { Frame, PageRow, PageWorkspace, View } from "../wire.ts";
import { activity } from "./activity.ts";
import type { Calls } from "./calls.ts";
import { Composer } from "./composer.ts";
import { conversation, peerTraffic } from "./conversation.ts";
import { el } from "./dom.ts";
import { beforePaint, every } from "./edges.ts";
import { Heading } from "./heading.ts";
import { History } from "./history.ts";
import type { Entry } from "./keyed-list.ts";
import { LogView } from "./log-view.ts";
import { type Deeds, deedsOf } from "./deeds.ts";
import { Model, type Pending } from "./model.ts";
import { Note } from "./note.ts";
import { Outgoing } from "./outgoing.ts";
import { takeSeat } from "./seats.ts";
import { Sidebar } from "./sidebar.ts";
import { Stream } from "./stream.ts";
import { Tabs, tabId, viewOf } from "./tabs.ts";
import type { Timeline } from "./timeline.ts";

/** "12 s ago" is told anew this often. */
const AGE_MS = 5_000;

export class App {
  readonly #model = new Model();
  readonly #root: HTMLElement;
  readonly #onRefused: () => void;
  readonly #stream: Stream;
  readonly #sidebar = new Sidebar(
    (id) => this.#choose(id, this.#model.view),
    () => this.#draw(),
  );
  readonly #heading = new Heading();
  readonly #tabs = new Tabs("panel", (view) => this.#choose(this.#model.selected, view));
  readonly #log = new LogView("Messages", () => this.#readEarlier());
  readonly #composer = new Composer((to, text, files) => this.#write(to, text, files));
  readonly #about = el("span", { class: "dim" });
  readonly #banner = el("p", { class: "banner", role: "status" });
  readonly #panel = el("div", { id: "panel", class: "panel", role: "tabpanel" });
  readonly #note: Note;
  readonly #deeds: Deeds;
  readonly #outgoing: Outgoing;
  readonly #history: History;
  readonly #draw = beforePaint(() => this.#render());
  #isOver = false;
  #stopAging = () => {};
  /** It may follow the platform while nobody looks. */
  #hasSeat = false;

  /** `onRefused`: the token opens nothing any more, and nothing more is shown in `root`. */
  constructor(root: HTMLElement, calls: Calls, onRefused: () => void) {
    this.#root = root;
    this.#onRefused = onRefused;
    this.#stream = new Stream(calls, {
      frame: (frame) => this.#take(frame),
      lost: () => this.#lose(),
      refused: () => this.#end(),
    });
    this.#outgoing = new Outgoing(this.#model, calls, this.#draw);
    this.#history = new History(this.#model, calls, this.#draw);
    this.#note = new Note((id, view) => void this.#history.read(id, view));
    this.#deeds = deedsOf(calls, {
      resend: (pending) => this.#resend(pending),
      edit: (pending) => this.#edit(pending),
    });
  }

  /** Takes the place of what is in the root, and begins. */
  start(): void {
    this.#panel.append(this.#log.element, this.#composer.element);
    const main = el("main", {}, this.#heading.element, this.#tabs.element, this.#panel);
    const name = el("h1", {}, "molecule ", this.#about);
    const side = el("div", { class: "side" }, el("header", {}, name), this.#sidebar.element);
    const skip = el("a", { class: "skip", href: "#message" }, "Write a message");
    skip.addEventListener("click", (event) => {
      // The address says which workspace and view are shown.
      event.preventDefault();
      this.#choose(this.#model.selected, "conversation");
      this.#render();
      this.#composer.focus();
    });
    this.#root.replaceChildren(skip, this.#banner, side, main);
    this.#takePlace();
    window.addEventListener("hashchange", () => this.#takePlace());
    document.addEventListener("visibilitychange", () => this.#look());
    // A page that comes back from the history is as it was when it was left.
    window.addEventListener("pageshow", () => this.#look());
    window.addEventListener("pagehide", () => this.#leave());
    this.#stopAging = every(AGE_MS, this.#draw);
    this.#outgoing.restore();
    void takeSeat().then((hasSeat) => {
      this.#hasSeat = hasSeat;
      this.#look();
    });
    this.#look();
  }

  /** Others show something in its place. */
  #end(): void {
    this.#isOver = true;
    this.#stopAging();
    this.#outgoing.keep();
    this.#onRefused();
  }

  #leave(): void {
    this.#stream.stop();
    this.#outgoing.keep();
  }

  #look(): void {
    if (this.#isOver) return;
    if (document.hidden && !this.#hasSeat) return this.#stream.stop();
    this.#stream.start();
    if (document.hidden) return;
    const { selected } = this.#model;
    if (selected !== undefined) this.#model.select(selected);
    this.#draw();
  }

  #take(frame: Frame): void {
    this.#model.take(frame, !document.hidden);
    this.#draw();
  }

  #lose(): void {
    this.#model.link = "lost";
    this.#draw();
  }

  /** Which workspace and view the address names: a reload and the history keep them. */
  #takePlace(): void {
    const [id, view] = location.hash.slice(1).split("/");
    const { workspaces } = this.#model;
    // Before the first word of the platform any may be there.
    const isThere = workspaces.length === 0 || workspaces.some((one) => one.id === id);
    if (id && isThere) this.#model.select(id);
    this.#model.view = viewOf(view) ?? "conversation";
    this.#draw();
  }

  #choose(workspaceId: string | undefined, view: View): void {
    this.#model.view = view;
    // None is there yet: the view is that of the first one that comes.
    if (workspaceId !== undefined) {
      this.#model.select(workspaceId);
      history.replaceState(null, "", `#${workspaceId}/${view}`);
    }
    this.#draw();
  }

  #write(workspaceId: string, text: string, files: readonly File[]): void {
    this.#outgoing.write(workspaceId, text, files);
    this.#render();
    this.#log.toEnd();
  }

  #readEarlier(): void {
    const { workspace, view } = this.#model;
    if (workspace !== undefined) void this.#history.readEarlier(workspace.id, view);
  }

  #resend(pending: Pending): void {
    this.#outgoing.send(pending);
    // Its button is gone.
    this.#composer.focus();
  }

  /** Back to where it was written. */
  #edit(pending: Pending): void {
    this.#outgoing.drop(pending);
    this.#composer.take(pending.text, pending.files);
  }

  #render(): void {
    if (this.#isOver) return;
    const { workspace, workspaces, link, version, revision, view, bridges, unread } = this.#model;
    const lost = "The platform does not answer; it is tried again until it does.";
    const banner = link === "lost" ? lost : "";
    if (this.#banner.textContent !== banner) this.#banner.textContent = banner;
    const news = [...unread.values()].reduce((sum, n) => sum + n, 0);
    document.title = `${news > 0 ? `(${news}) ` : ""}${workspace?.name ?? "…"} · molecule`;
    this.#about.textContent = version === "" ? "" : `${version} · ${revision}`;
    // What is shown of others is how they were.
    this.#root.classList.toggle("lost", link === "lost");
    this.#sidebar.show(this.#model);
    this.#tabs.show(view);
    this.#panel.setAttribute("aria-labelledby", tabId(view));
    this.#composer.element.hidden = view !== "conversation" || workspace === undefined;
    if (workspace === undefined) {
      const more = { earlier: undefined, note: undefined, isReading: workspaces.length > 0 };
      return this.#log.show("", [], more);
    }
    this.#heading.show(workspace, bridges.get(workspace.id), link === "lost");
    this.#composer.show(workspace.id);
    const timeline = this.#model.timeline(workspace.id, view);
    if (timeline.state === "unread" && link === "open") void this.#history.read(workspace.id, view);
    const what = `${workspace.id}/${view}`;
    const entries = this.#entries(workspace, timeline.show(this.#log.isReadIn(what)));
    this.#log.show(what, entries, {
      earlier: earlierWord(timeline),
      note: this.#note.show(this.#model, workspace, entries.length),
      isReading: timeline.state === "unread" || timeline.state === "reading",
    });
  }

  #entries(workspace: PageWorkspace, rows: readonly PageRow[]): Entry[] {
    switch (this.#model.view) {
      case "conversation":
        return conversation(this.#model, workspace, rows, this.#deeds);
      case "peers":
        return peerTraffic(this.#model, workspace, rows, this.#deeds);
      case "activity":
        return activity(this.#model, workspace, rows, this.#deeds);
    }
  }
}

function earlierWord({ hasEarlier, state, problem }: Timeline): string | undefined {
  if (!hasEarlier) return undefined;
  const failed = state === "read" && problem !== undefined;
  return failed ? `Show earlier ones: ${problem}` : "Show earlier ones";
}
