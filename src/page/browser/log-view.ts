/** A scrolling list of what happened: it stays at its end, unless somebody reads further up. */
import { after } from "./edges.ts";
import { el, KeyedList } from "./dom.ts";

/** So near the end counts as at the end, in pixels. */
const NEAR = 48;

export interface Entry {
  key: string;
  /** All that its element depends on. */
  made: string;
  item: () => HTMLElement;
}

export class LogView {
  readonly element: HTMLElement;
  readonly #list: KeyedList<() => HTMLElement>;
  readonly #live: HTMLElement;
  readonly #scroller: HTMLElement;
  readonly #earlier: HTMLButtonElement;
  readonly #newer: HTMLButtonElement;
  readonly #note: HTMLElement;
  #isAtEnd = true;
  #what: string | undefined;
  #last: string | undefined;

  constructor(label: string, onEarlier: () => void) {
    const items = el("ol", { class: "items" });
    this.#list = new KeyedList(items, (make) => make());
    this.#live = el("div", { role: "log", "aria-label": label }, items);
    this.#earlier = el(
      "button",
      { type: "button", class: "earlier", hidden: true, onclick: onEarlier },
      "Show earlier ones",
    );
    this.#note = el("div", { class: "note" });
    this.#scroller = el(
      "div",
      { class: "scroller", tabindex: "0", role: "region", "aria-label": `${label}, scrollable` },
      this.#earlier,
      this.#live,
      this.#note,
    );
    this.#newer = el(
      "button",
      { type: "button", class: "newer", hidden: true, onclick: () => this.toEnd() },
      "New messages ↓",
    );
    this.#scroller.addEventListener("scroll", () => {
      this.#isAtEnd = this.#isNearEnd();
      if (this.#isAtEnd) this.#newer.hidden = true;
    });
    // A window that is turned, a draft that grows, a picture that comes in.
    const sizes = new ResizeObserver(() => this.#isAtEnd && this.toEnd());
    for (const element of [this.#scroller, this.#live]) sizes.observe(element);
    this.element = el("div", { class: "log" }, this.#scroller, this.#newer);
  }

  /**
   * Shows the entries of `what`; another `what` begins at its end. `note` stands below them.
   * `isReading`: not all of them are here yet, so that nothing is read out.
   */
  show(
    what: string,
    entries: readonly Entry[],
    more: { hasEarlier: boolean; note: HTMLElement | undefined; isReading: boolean },
  ): void {
    const stays = what !== this.#what || this.#isAtEnd;
    // A day stands above the first of its messages, whichever that is.
    const first = this.#list.element.querySelector("[data-row]");
    const top = first?.getBoundingClientRect().top;
    const last = entries.at(-1)?.key;
    const isNew = what === this.#what && last !== this.#last && last !== undefined;
    this.#live.setAttribute("aria-busy", String(more.isReading || what !== this.#what));
    this.#list.show(entries.map(({ key, made, item }) => ({ key: `${what} ${key}`, made, item })));
    this.#earlier.hidden = !more.hasEarlier;
    if (more.note === undefined) this.#note.replaceChildren();
    else if (this.#note.firstChild !== more.note) this.#note.replaceChildren(more.note);
    if (stays) this.toEnd();
    else if (first?.isConnected === true && top !== undefined) {
      // Earlier ones came in above: what is being read stays where it is.
      this.#scroller.scrollTop += first.getBoundingClientRect().top - top;
    }
    if (isNew && !stays) this.#newer.hidden = false;
    if (!more.isReading) after(0, () => this.#live.setAttribute("aria-busy", "false"));
    this.#what = what;
    this.#last = last;
  }

  toEnd(): void {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#isAtEnd = true;
    this.#newer.hidden = true;
  }

  #isNearEnd(): boolean {
    const { scrollTop, clientHeight, scrollHeight } = this.#scroller;
    return scrollTop + clientHeight >= scrollHeight - NEAR;
  }
}
