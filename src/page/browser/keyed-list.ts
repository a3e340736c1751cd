/** A list of elements that follows a list of items. */

/** An item of the list, and what its element depends on. */
export interface Entry {
  key: string;
  /** With another one the element is made anew. */
  made: string;
  make(): HTMLElement;
  /** A part of the element that changes by itself: all else of it stays as it is. */
  tail?: Tail | undefined;
}

/** Fills the element's descendant with `data-tail`. */
export interface Tail {
  /** With another one it is filled anew. */
  made: string;
  fill(): readonly Node[];
}

interface Shown {
  element: HTMLElement;
  made: string;
  tail: string | undefined;
}

/**
 * Elements that did not change stay where and as they are, with their focus, their selection and what was
 * unfolded in them.
 */
export class KeyedList {
  readonly element: HTMLElement;
  #shown = new Map<string, Shown>();

  constructor(element: HTMLElement) {
    this.element = element;
  }

  /** How many of these are not there yet. */
  missing(entries: readonly Entry[]): number {
    return entries.filter(({ key }) => !this.#shown.has(key)).length;
  }

  show(entries: readonly Entry[]): void {
    const next = new Map<string, Shown>();
    const keys = new Set(entries.map(({ key }) => key));
    // First, so that those that stay need not be moved.
    for (const [key, { element }] of this.#shown) if (!keys.has(key)) element.remove();
    let place = this.element.firstElementChild;
    for (const entry of entries) {
      const old = this.#shown.get(entry.key);
      const isSame = old?.made === entry.made;
      const element = isSame ? old.element : entry.make();
      // Before it takes its place: who has the focus may find it there.
      if (!isSame || old.tail !== entry.tail?.made) fillTail(element, entry.tail);
      if (old !== undefined && !isSame) {
        if (place === old.element) place = element;
        keepingFocus(old.element, element, () => old.element.replaceWith(element));
      }
      next.set(entry.key, { element, made: entry.made, tail: entry.tail?.made });
      if (place === element) place = element.nextElementSibling;
      else this.element.insertBefore(element, place);
    }
    this.#shown = next;
  }
}

function fillTail(element: HTMLElement, tail: Tail | undefined): void {
  const place = element.querySelector<HTMLElement>("[data-tail]");
  if (place === null) return;
  keepingFocus(place, element, () => place.replaceChildren(...(tail?.fill() ?? [])));
}

/**
 * Who has the focus in what is replaced has it afterwards on the part of the same name (`data-focus`), or,
 * where there is none, on all of it: a keyboard is not sent back to the beginning of the page.
 */
function keepingFocus(old: HTMLElement, next: HTMLElement, replace: () => void): void {
  const focused = document.activeElement;
  const name = old.contains(focused) ? focused?.getAttribute("data-focus") : undefined;
  replace();
  if (name === undefined) return;
  const parts = [...next.querySelectorAll<HTMLElement>("[data-focus]")];
  const same = parts.find((part) => part.getAttribute("data-focus") === name);
  if (same !== undefined) return same.focus();
  next.tabIndex = -1;
  next.focus();
}
