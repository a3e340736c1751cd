/** Files of a message: shown by name and size, small pictures as such, all to be saved. */
import type { PageFile } from "../wire.ts";
import { el, isolated } from "./dom.ts";
import { after } from "./edges.ts";
import { PICTURE_TYPES, type Pictures } from "./pictures.ts";
import { sizeOf } from "./words.ts";

/** More pictures of one message are shown by their names alone. */
const MAX_PICTURES = 4;

/** What is done with files. */
export interface FileDeeds {
  /** The bytes of a file by its path; rejects with an Error that says why not. */
  blob(path: string): Promise<Blob>;
  pictures: Pictures;
}

export function fileList(files: readonly PageFile[], deeds: FileDeeds): HTMLElement | undefined {
  if (files.length === 0) return undefined;
  const list = el("ul", { class: "files", "aria-label": "Files" });
  let pictures = 0;
  for (const file of files) {
    const isPicture = file.mimeType !== null && PICTURE_TYPES.includes(file.mimeType);
    list.append(item(file, isPicture && ++pictures <= MAX_PICTURES, deeds));
  }
  return list;
}

/** As bytes without a type: whatever is in it, the browser keeps it and does not open it. */
export function saveAs(name: string, bytes: BlobPart): void {
  const url = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
  el("a", { href: url, download: name }).click();
  after(60_000, () => URL.revokeObjectURL(url));
}

function item(file: PageFile, isPicture: boolean, { blob, pictures }: FileDeeds): HTMLElement {
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
  const save = () => void blob(path).then((bytes) => saveAs(name, bytes), tell);
  const button = el(
    "button",
    { type: "button", class: "file", "data-focus": path, onclick: save },
    el("span", { class: "sr" }, "Save "),
    ...label,
  );
  const picture =
    isPicture && mimeType !== null ? pictures.show(path, mimeType, `Picture ${name}`) : undefined;
  return el("li", {}, picture, button, problem);
}
