/** A scrolling list of what happened: it stays at its end, unless somebody reads further up. */
import { el } from "./dom.ts";
import { type Entry, KeyedList } from "./keyed-list.ts";

/** So near the end counts as at the end, in pixels. */
const NEAR = 48;

/** More at once are what somebody asked for, and not news to be read out. */
const FEW = 3;

export class LogView {
  readonly element: HTMLElement;
  readonly #list: KeyedList;
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
    this.#list = new KeyedList(items);
    this.#live = el("div", { role: "log", "aria-label": label }, items);
    this.#earlier = el("button", {
      type: "button",
      class: "earlier",
      hidden: true,
      onclick: onEarlier,
    });
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

  /** Whether somebody reads further up in `what`: then nothing moves there. */
  isReadIn(what: string): boolean {
    return what === this.#what && !this.#isAtEnd;
  }

  /**
   * Shows the entries of `what`; another `what` begins at its end. `earlier`: the word that brings older
   * ones, where there are any; `note` stands below them. `isReading`: not all of them are here yet.
   */
  show(
    what: string,
    entries: readonly Entry[],
    more: { earlier: string | undefined; note: HTMLElement | undefined; isReading: boolean },
  ): void {
    const isOther = what !== this.#what;
    const keyed = entries.map((entry) => ({ ...entry, key: `${what} ${entry.key}` }));
    const last = keyed.at(-1)?.key;
    const isNew = !isOther && last !== undefined && last !== this.#last;
    const isBulk = isOther || more.isReading || this.#list.missing(keyed) > FEW;
    this.#live.setAttribute("aria-busy", String(more.isReading));
    this.#live.setAttribute("aria-live", isBulk ? "off" : "polite");
    const stay = this.#isAtEnd || isOther ? () => this.toEnd() : this.#anchor();
    this.#list.show(keyed);
    this.#earlier.hidden = more.earlier === undefined;
    this.#earlier.textContent = more.earlier ?? "";
    if (more.note === undefined) this.#note.replaceChildren();
    else if (this.#note.firstChild !== more.note) this.#note.replaceChildren(more.note);
    stay();
    if (isNew && !this.#isAtEnd) this.#newer.hidden = false;
    this.#what = what;
    this.#last = last;
  }

  /** Keeps what is being read where it is, whatever comes in or goes above it. */
  #anchor(): () => void {
    const { top } = this.#scroller.getBoundingClientRect();
    const rows = [...this.#live.querySelectorAll("[data-row]")];
    const read = rows.find((row) => row.getBoundingClientRect().bottom > top);
    const before = read?.getBoundingClientRect().top ?? 0;
    return () => {
      if (read?.isConnected !== true) return;
      this.#scroller.scrollTop += read.getBoundingClientRect().top - before;
    };
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
