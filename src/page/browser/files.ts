/** Files of a message: shown by name and size, small pictures as such, all to be saved. */
import type { PageFile } from "../wire.ts";
import { el, isolated } from "./dom.ts";
import { after } from "./edges.ts";
import { sizeOf } from "./words.ts";

/** Shown in the page. Not SVG, which is a document with scripts. */
const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp"];
const MAX_PICTURE_BYTES = 4 * 1024 * 1024;

/** Gives the bytes of a file by its path; rejects with an Error that says why not. */
export type Fetcher = (path: string) => Promise<ArrayBuffer>;

export function fileList(files: readonly PageFile[], fetcher: Fetcher): HTMLElement | undefined {
  if (files.length === 0) return undefined;
  return el("ul", { class: "files", "aria-label": "Files" }, ...files.map((f) => item(f, fetcher)));
}

function item(file: PageFile, fetcher: Fetcher): HTMLElement {
  const { name, size, mimeType, path } = file;
  const label = [
    isolated(name),
    el("span", { class: "dim" }, size === null ? "" : ` ${sizeOf(size)}`),
  ];
  if (path === null) {
    return el("li", {}, el("span", { class: "file" }, ...label, " (not on this platform)"));
  }
  const problem = el("span", { class: "problem", role: "status" });
  const tell = (error: unknown) => problem.replaceChildren(` ${(error as Error).message}`);
  const save = () => void fetcher(path).then((bytes) => download(name, bytes), tell);
  const button = el(
    "button",
    { type: "button", class: "file", "data-focus": path, onclick: save },
    el("span", { class: "sr" }, "Save "),
    ...label,
  );
  const isPicture =
    mimeType !== null && PICTURES.includes(mimeType) && (size ?? Infinity) <= MAX_PICTURE_BYTES;
  const picture = isPicture ? el("img", { alt: `Picture ${name}`, class: "picture" }) : undefined;
  if (picture !== undefined && mimeType !== null) void show(picture, path, mimeType, fetcher);
  return el("li", {}, picture, button, problem);
}

async function show(
  picture: HTMLImageElement,
  path: string,
  type: string,
  fetcher: Fetcher,
): Promise<void> {
  try {
    const url = URL.createObjectURL(new Blob([await fetcher(path)], { type }));
    const release = () => URL.revokeObjectURL(url);
    picture.addEventListener("load", release, { once: true });
    // What calls itself a picture need not be one: its name stays to be saved.
    picture.addEventListener("error", () => (release(), picture.remove()), { once: true });
    picture.src = url;
  } catch {
    picture.remove();
  }
}

/** As bytes without a type: whatever is in it, the browser keeps it and does not open it. */
function download(name: string, bytes: ArrayBuffer): void {
  const url = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
  const link = el("a", { href: url, download: name });
  link.click();
  after(60_000, () => URL.revokeObjectURL(url));
}
