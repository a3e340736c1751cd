/** Builds elements. Text goes in as text: nothing here, or elsewhere, reads markup. */

export type Child = Node | string | false | null | undefined;

export interface Attributes {
  class?: string;
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
  const { onclick, ...others } = attributes;
  for (const [name, value] of Object.entries(others)) {
    if (value === undefined || value === null || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  if (onclick !== undefined) element.addEventListener("click", onclick as EventListener);
  append(element, children);
  return element;
}

/**
 * Somebody's name or words in a line of ours: they can't turn the direction of what is around them. As a
 * block of its own in the line (base.css): what isolates in the text alone, the text itself can end.
 */
export function isolated(text: string): HTMLElement {
  return el("bdi", {}, text);
}

function append(element: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (child !== undefined && child !== null && child !== false) element.append(child);
  }
}
