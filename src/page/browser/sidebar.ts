/** The workspaces, and how they are there. */
import { el, isolated } from "./dom.ts";
import { KeyedList } from "./keyed-list.ts";
import type { Model } from "./model.ts";
import type { PageWorkspace } from "../wire.ts";
import { count, presenceOf } from "./words.ts";

interface Item {
  workspace: PageWorkspace;
  isSelected: boolean;
  unread: number;
  deadLetters: number;
}

export class Sidebar {
  readonly element: HTMLElement;
  readonly #list: KeyedList;
  readonly #find: HTMLInputElement;
  readonly #onSelect: (workspaceId: string) => void;
  #shown: string | undefined;

  /** `onFind`: others are looked for, and it has to be shown again. */
  constructor(onSelect: (workspaceId: string) => void, onFind: () => void) {
    const list = el("ul", { class: "workspaces" });
    this.#list = new KeyedList(list);
    this.#onSelect = onSelect;
    this.#find = el("input", {
      type: "search",
      class: "find",
      placeholder: "Find",
      "aria-label": "Find a workspace",
    });
    this.element = el("nav", { "aria-label": "Workspaces" }, this.#find, list);
    list.addEventListener("keydown", (event) => move(list, event));
    this.#find.addEventListener("input", onFind);
  }

  show(model: Model): void {
    const { workspaces, selected } = model;
    this.#find.hidden = workspaces.length <= FEW;
    const wanted = this.#find.hidden ? "" : this.#find.value.trim().toLowerCase();
    const found = workspaces.filter(({ name }) => name.toLowerCase().includes(wanted));
    const items = found.map((workspace): Item => {
      const { id } = workspace;
      const isSelected = id === selected;
      const deadLetters = model.bridges.get(id)?.deadLetters ?? 0;
      return { workspace, isSelected, unread: model.unread.get(id) ?? 0, deadLetters };
    });
    this.#list.show(
      items.map((item) => {
        const { id, name, status, task } = item.workspace;
        const { isSelected, unread, deadLetters } = item;
        const made = JSON.stringify([name, status, task, isSelected, unread, deadLetters]);
        return { key: id, made, make: () => button(item, this.#onSelect) };
      }),
    );
    if (selected === this.#shown) return;
    this.#shown = selected;
    const current = this.element.querySelector("[aria-current]");
    current?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
}

/** So many are found at a glance. */
const FEW = 10;

function button(
  { workspace, isSelected, unread, deadLetters }: Item,
  onSelect: (id: string) => void,
) {
  const { word, tone } = presenceOf(workspace);
  const news = [
    unread > 0 ? `${unread} new` : "",
    deadLetters > 0 ? count(deadLetters, "dead letter") : "",
  ].filter((text) => text !== "");
  return el(
    "li",
    {},
    el(
      "button",
      {
        type: "button",
        "aria-current": isSelected ? "true" : undefined,
        "data-focus": workspace.id,
        onclick: () => onSelect(workspace.id),
      },
      el("span", { class: `dot ${tone}`, "aria-hidden": "true" }),
      el("span", { class: "name" }, isolated(workspace.name)),
      news.length === 0 ? null : el("span", { class: "badge" }, news.join(", ")),
      el("span", { class: "status" }, workspace.task === "" ? word : isolated(workspace.task)),
    ),
  );
}

/** Up and down go from one to the next. */
function move(list: HTMLElement, event: KeyboardEvent): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step === undefined) return;
  const buttons = [...list.querySelectorAll("button")];
  const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
  buttons[(at + step + buttons.length) % buttons.length]?.focus();
  event.preventDefault();
}
