/** The workspaces, and how they are there. */
import { el, KeyedList, isolated } from "./dom.ts";
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
  readonly #list: KeyedList<Item>;

  constructor(onSelect: (workspaceId: string) => void) {
    const list = el("ul", { class: "workspaces" });
    this.#list = new KeyedList(list, (item) => button(item, onSelect));
    this.element = el("nav", { "aria-label": "Workspaces" }, list);
    list.addEventListener("keydown", (event) => move(list, event));
  }

  show(model: Model): void {
    const items = model.workspaces.map((workspace): Item => {
      const { id } = workspace;
      const isSelected = id === model.selected;
      const deadLetters = model.bridges.get(id)?.deadLetters ?? 0;
      return { workspace, isSelected, unread: model.unread.get(id) ?? 0, deadLetters };
    });
    this.#list.show(
      items.map((item) => {
        const { id, name, status, task } = item.workspace;
        const { isSelected, unread, deadLetters } = item;
        const made = JSON.stringify([name, status, task, isSelected, unread, deadLetters]);
        return { key: id, made, item };
      }),
    );
  }
}

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
