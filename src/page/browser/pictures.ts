/** Small pictures, fetched when they come into view: an agent may name any file a picture, and any number. */
import { el } from "./dom.ts";

/** Not SVG, which is a document with scripts. */
export const PICTURE_TYPES: readonly string[] = [
  "image/png",
  "image/jpeg",
  "image/gif",
  "image/webp",
];

const MAX_BYTES = 4 * 1024 * 1024;
/** A browser has six connections to a server, and messages want some of them. */
const AT_ONCE = 2;

/** The bytes of a file by its path, where they are no more than so many. */
export type BoundedFetch = (most: number, path: string) => Promise<BlobPart[] | undefined>;

interface Wanted {
  path: string;
  type: string;
}

export class Pictures {
  readonly #fetch: BoundedFetch;
  readonly #wanted = new WeakMap<Element, Wanted>();
  readonly #queue: HTMLImageElement[] = [];
  readonly #views = new IntersectionObserver((seen) => this.#see(seen), { rootMargin: "200px" });
  #running = 0;

  constructor(fetch: BoundedFetch) {
    this.#fetch = fetch;
  }

  /** A picture that goes away again where it is none, or a large one. */
  show(path: string, type: string, alt: string): HTMLImageElement {
    const picture = el("img", { alt, class: "picture" });
    this.#wanted.set(picture, { path, type });
    this.#views.observe(picture);
    return picture;
  }

  #see(seen: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of seen) {
      if (!target.isConnected) this.#forget(target);
      if (!isIntersecting || !this.#wanted.has(target)) continue;
      this.#views.unobserve(target);
      this.#queue.push(target as HTMLImageElement);
    }
    this.#next();
  }

  #next(): void {
    while (this.#running < AT_ONCE) {
      const picture = this.#queue.shift();
      if (picture === undefined) return;
      this.#running += 1;
      void this.#load(picture).finally(() => {
        this.#running -= 1;
        this.#next();
      });
    }
  }

  async #load(picture: HTMLImageElement): Promise<void> {
    const wanted = this.#wanted.get(picture);
    this.#forget(picture);
    // It may have left the page while it waited.
    if (wanted === undefined || !picture.isConnected) return;
    const { path, type } = wanted;
    const bytes = await this.#fetch(MAX_BYTES, path).catch(() => undefined);
    if (bytes === undefined) return picture.remove();
    const url = URL.createObjectURL(new Blob(bytes, { type }));
    try {
      picture.src = url;
      await picture.decode();
    } catch {
      // What calls itself a picture need not be one: its name stays, to be saved.
      picture.remove();
    } finally {
      URL.revokeObjectURL(url);
    }
  }

  #forget(picture: Element): void {
    this.#wanted.delete(picture);
    this.#views.unobserve(picture);
  }
}
