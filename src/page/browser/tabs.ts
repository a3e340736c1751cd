/** The views of a workspace (ARIA Authoring Practices, "Tabs"). */
import type { View } from "../wire.ts";
import { el } from "./dom.ts";

const TABS: readonly { view: View; label: string }[] = [
  { view: "conversation", label: "Conversation" },
  { view: "peers", label: "Peers" },
  { view: "activity", label: "Activity" },
];

/** The view of that name; undefined where there is none. */
export function viewOf(name: string | undefined): View | undefined {
  return TABS.find(({ view }) => view === name)?.view;
}

export const tabId = (view: View): string => `tab-${view}`;

export class Tabs {
  readonly element: HTMLElement;
  readonly #buttons: HTMLButtonElement[];

  /** `panelId`: what all of them show their content in. */
  constructor(panelId: string, onChoose: (view: View) => void) {
    this.#buttons = TABS.map(({ view, label }) =>
      el(
        "button",
        {
          type: "button",
          role: "tab",
          id: tabId(view),
          "aria-controls": panelId,
          onclick: () => onChoose(view),
        },
        label,
      ),
    );
    this.element = el("div", { class: "tabs", role: "tablist", "aria-label": "Views" });
    this.element.append(...this.#buttons);
    this.element.addEventListener("keydown", (event) => this.#move(event));
  }

  show(view: View): void {
    for (const [i, button] of this.#buttons.entries()) {
      const isChosen = TABS[i]?.view === view;
      button.setAttribute("aria-selected", String(isChosen));
      button.tabIndex = isChosen ? 0 : -1;
    }
  }

  #move(event: KeyboardEvent): void {
    const last = this.#buttons.length - 1;
    const at = this.#buttons.indexOf(document.activeElement as HTMLButtonElement);
    const places: { [key: string]: number } = {
      ArrowRight: at === last ? 0 : at + 1,
      ArrowLeft: at <= 0 ? last : at - 1,
      Home: 0,
      End: last,
    };
    const button = this.#buttons[places[event.key] ?? -1];
    if (button === undefined) return;
    event.preventDefault();
    button.focus();
    button.click();
  }
}
