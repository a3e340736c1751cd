/** Where a message is written: text, and files that go with it. */
import { el, isolated } from "./dom.ts";
import { sizeOf } from "./words.ts";

const DRAFTS = "molecule.draft.";
/** The platform takes no more of them with one message. */
const MAX_FILES = 10;

/** Takes what was written, and for which workspace. */
export type Send = (workspaceId: string, text: string, files: readonly File[]) => void;

export class Composer {
  readonly element: HTMLFormElement;
  readonly #text: HTMLTextAreaElement;
  readonly #chips = el("ul", { class: "chips", "aria-label": "Files to send" });
  readonly #onSend: Send;
  readonly #problem = el("p", { class: "problem", role: "status" });
  /** By workspace. */
  readonly #chosen = new Map<string, readonly File[]>();
  #workspaceId = "";

  constructor(onSend: Send) {
    this.#onSend = onSend;
    this.#text = el("textarea", {
      id: "message",
      rows: "1",
      dir: "auto",
      placeholder: "Message",
      "aria-label": "Message",
      "aria-describedby": "keys",
    });
    const choose = el("input", { type: "file", multiple: true, hidden: true, tabindex: "-1" });
    choose.addEventListener("change", () => {
      this.#attach(choose.files);
      choose.value = "";
    });
    const attach = { type: "button", class: "attach", onclick: () => choose.click() };
    this.element = el(
      "form",
      // Until it is known for whom a message would be.
      { class: "composer", "aria-label": "New message", hidden: true },
      this.#chips,
      this.#problem,
      el(
        "div",
        { class: "line" },
        el("button", attach, "Attach", el("span", { class: "sr" }, " files")),
        choose,
        this.#text,
        el("button", { type: "submit", class: "send" }, "Send"),
      ),
      el("p", { id: "keys", class: "keys" }, "Enter sends, Shift+Enter begins a new line."),
    );
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#text.addEventListener("keydown", (event) => {
      // While a word is being composed, Enter chooses it; Safari tells so by the code alone (WebKit 165004).
      const isComposing = event.isComposing || event.keyCode === 229;
      if (event.key !== "Enter" || event.shiftKey || isComposing) return;
      event.preventDefault();
      this.#submit();
    });
    this.#text.addEventListener("input", () => this.#keepDraft());
    this.#text.addEventListener("paste", ({ clipboardData }) => this.#attach(clipboardData?.files));
    this.#takeDropped();
    this.#showFiles();
  }

  get #files(): readonly File[] {
    return this.#chosen.get(this.#workspaceId) ?? [];
  }

  set #files(files: readonly File[]) {
    this.#chosen.set(this.#workspaceId, files);
    this.#problem.textContent = "";
    this.#showFiles();
  }

  /** Is for this workspace from now on; what was being written for another is kept. */
  show(workspaceId: string): void {
    if (workspaceId === this.#workspaceId) return;
    const isFirst = this.#workspaceId === "";
    this.#workspaceId = workspaceId;
    this.#text.value = sessionStorage.getItem(DRAFTS + workspaceId) ?? "";
    this.#problem.textContent = "";
    this.#showFiles();
    // The page was opened to write; after that the focus is the reader's.
    if (isFirst) this.#text.focus();
  }

  focus(): void {
    this.#text.focus();
  }

  /** Takes back what could not be sent, before what has been written since. */
  take(text: string, files: readonly File[]): void {
    this.#text.value = [text, this.#text.value].filter((one) => one !== "").join("\n");
    this.#choose([...files, ...this.#files]);
    this.#keepDraft();
    this.#text.focus();
  }

  #submit(): void {
    const text = this.#text.value.trim();
    if (text === "" && this.#files.length === 0) return this.#text.focus();
    this.#onSend(this.#workspaceId, text, this.#files);
    this.#text.value = "";
    this.#files = [];
    this.#keepDraft();
    this.#text.focus();
  }

  #attach(files: FileList | null | undefined): void {
    if (files === null || files === undefined || files.length === 0) return;
    this.#choose([...this.#files, ...files]);
  }

  #choose(files: readonly File[]): void {
    this.#files = files.slice(0, MAX_FILES);
    if (files.length <= MAX_FILES) return;
    this.#problem.textContent = `A message may have ${MAX_FILES} files; the others were left out.`;
  }

  /** Anywhere on the page: the browser would open a file that falls beside the composer. */
  #takeDropped(): void {
    const over = (isOver: boolean) => (event: DragEvent) => {
      if (event.dataTransfer?.types.includes("Files") !== true) return;
      event.preventDefault();
      this.element.classList.toggle("over", isOver && !this.element.hidden);
      if (event.type === "drop" && !this.element.hidden) this.#attach(event.dataTransfer.files);
    };
    window.addEventListener("dragover", over(true));
    window.addEventListener("dragleave", over(false));
    window.addEventListener("drop", over(false));
  }

  #showFiles(): void {
    this.#chips.hidden = this.#files.length === 0;
    this.#chips.replaceChildren(
      ...this.#files.map((file) =>
        el(
          "li",
          {},
          isolated(file.name),
          ` ${sizeOf(file.size)} `,
          el(
            "button",
            {
              type: "button",
              "aria-label": `Remove ${file.name}`,
              onclick: () => this.#drop(file),
            },
            "×",
          ),
        ),
      ),
    );
  }

  #drop(file: File): void {
    this.#files = this.#files.filter((one) => one !== file);
    this.#text.focus();
  }

  /** A reload, or a look at another workspace, loses no word. */
  #keepDraft(): void {
    const key = DRAFTS + this.#workspaceId;
    if (this.#text.value === "") return sessionStorage.removeItem(key);
    try {
      sessionStorage.setItem(key, this.#text.value);
    } catch {
      // Longer than the browser keeps.
    }
  }
}
