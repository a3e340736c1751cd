/** What a person is told below the rows: who is not there, what goes on, or why there is nothing. */
import type { PageWorkspace, View } from "../wire.ts";
import { el, isolated } from "./dom.ts";
import type { Model } from "./model.ts";
import { isThere, presenceOf } from "./words.ts";

const EMPTY: Record<Exclude<View, "conversation">, string> = {
  peers: "No workspace has written to this one yet, nor it to another.",
  activity: "Nothing has happened here yet.",
};

export class Note {
  readonly #readAgain: (workspaceId: string, view: View) => void;
  #made = "";
  #element: HTMLElement | undefined;

  constructor(readAgain: (workspaceId: string, view: View) => void) {
    this.#readAgain = readAgain;
  }

  /** The same element while it says the same, so that its buttons keep their focus. */
  show(model: Model, workspace: PageWorkspace, entries: number): HTMLElement | undefined {
    const element = this.#build(model, workspace, entries);
    const made = `${workspace.id} ${model.view} ${element?.outerHTML}`;
    if (made !== this.#made) this.#element = element;
    this.#made = made;
    return this.#element;
  }

  #build(model: Model, workspace: PageWorkspace, entries: number): HTMLElement | undefined {
    const { view } = model;
    const { state, problem } = model.timeline(workspace.id, view);
    if (state === "failed") return this.#failure(workspace.id, view, problem);
    if (view === "conversation") return presenceNote(model, workspace);
    return entries === 0 && state === "read" ? el("p", { class: "hint" }, EMPTY[view]) : undefined;
  }

  #failure(workspaceId: string, view: View, problem: string | undefined): HTMLElement {
    const again = () => this.#readAgain(workspaceId, view);
    const button = el("button", { type: "button", onclick: again }, "Read again");
    return el("p", { class: "hint problem" }, `${problem ?? "It can't be read."} `, button);
  }
}

/** Below a conversation: who is not there to answer, or what goes on. */
function presenceNote(model: Model, workspace: PageWorkspace): HTMLElement | undefined {
  const { connect, name } = workspace;
  if (!workspace.mayTalk) {
    return el("p", { class: "hint" }, isolated(name), " may not write to the canvas.");
  }
  if (isThere(workspace)) return working(model, workspace);
  const presence = presenceOf(workspace).word;
  const lead = el(
    "p",
    {},
    "Nobody answers as ",
    isolated(name),
    ` yet: it ${presenceWord(presence)}.`,
  );
  if (connect === null) return el("div", { class: "hint" }, lead);
  const copied = el("span", { role: "status", class: "dim" });
  const copy = () =>
    void navigator.clipboard.writeText(connect).then(
      () => copied.replaceChildren(" copied"),
      () => copied.replaceChildren(" select it, and copy it by hand"),
    );
  return el(
    "div",
    { class: "hint" },
    lead,
    el("p", {}, "Connect an agent from a terminal:"),
    el("pre", { tabindex: "0", "aria-label": "Command" }, connect),
    el("p", {}, el("button", { type: "button", onclick: copy }, "Copy"), copied),
  );
}

function presenceWord(word: string): string {
  return /^(?:is|goes|awaits|sleeps)\b/.test(word) ? word : `is ${word}`;
}

/** While the bridge of this machine says that the agent has something of the canvas in hand. */
function working(model: Model, workspace: PageWorkspace): HTMLElement | undefined {
  const { rows } = model.timeline(workspace.id, "conversation");
  const isRunning = rows.some((row) => model.standingOf(row)?.state === "running");
  if (!isRunning || model.link !== "open") return undefined;
  return el(
    "p",
    { class: "working" },
    el("span", { class: "pulse", "aria-hidden": "true" }),
    isolated(workspace.name),
    ...(workspace.task === "" ? [" is working"] : [": ", isolated(workspace.task)]),
  );
}
