/** Builds elements. Text goes in as text: nothing here, or elsewhere, reads markup. */

export type Child = Node | string | false | null | undefined;

export interface Attributes {
  class?: string;
  /** Called with the element once it is built. */
  with?: (element: HTMLElement) => void;
  onclick?: (event: MouseEvent) => void;
  /** All others, by their names in HTML; `true` is the attribute without a value. */
  [name: string]: unknown;
}

/** An element with its attributes and children. Names of attributes are never a stranger's. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  const { with: finish, onclick, ...others } = attributes;
  for (const [name, value] of Object.entries(others)) {
    if (value === undefined || value === null || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  if (onclick !== undefined) element.addEventListener("click", onclick as EventListener);
  append(element, children);
  finish?.(element);
  return element;
}

/**
 * Somebody's name or words in a line of ours: they can't turn the direction of what is around them. As a
 * block of its own in the line (page.css): what isolates in the text alone, the text itself can end.
 */
export function isolated(text: string): HTMLElement {
  return el("bdi", {}, text);
}

export function append(element: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (child !== undefined && child !== null && child !== false) element.append(child);
  }
}

/** What is shown for a key, and what it was made of. */
interface Shown {
  element: HTMLElement;
  made: string;
}

/**
 * A list of elements that follows a list of items: those that did not change stay as they are, with
 * their focus, their selection and what was unfolded in them.
 */
export class KeyedList<T> {
  readonly element: HTMLElement;
  readonly #make: (item: T) => HTMLElement;
  #shown = new Map<string, Shown>();

  constructor(element: HTMLElement, make: (item: T) => HTMLElement) {
    this.element = element;
    this.#make = make;
  }

  /** `made` tells whether an item has to be made anew: all that its element depends on. */
  show(items: readonly { key: string; made: string; item: T }[]): void {
    const next = new Map<string, Shown>();
    let place = this.element.firstElementChild;
    for (const { key, made, item } of items) {
      const old = this.#shown.get(key);
      const element = old?.made === made ? old.element : this.#make(item);
      if (old !== undefined && old.element !== element) {
        if (place === old.element) place = element;
        replace(old.element, element);
      }
      next.set(key, { element, made });
      if (place === element) place = element.nextElementSibling;
      else this.element.insertBefore(element, place);
    }
    for (const [key, { element }] of this.#shown) if (!next.has(key)) element.remove();
    this.#shown = next;
  }
}

/** Who has the focus keeps it: on the part of the same name in what takes its place. */
function replace(old: HTMLElement, next: HTMLElement): void {
  const focused = old.contains(document.activeElement)
    ? document.activeElement?.getAttribute("data-focus")
    : undefined;
  old.replaceWith(next);
  if (focused === undefined) return;
  const same = [next, ...next.querySelectorAll<HTMLElement>("[data-focus]")];
  same.find((one) => one.getAttribute("data-focus") === focused)?.focus();
}
