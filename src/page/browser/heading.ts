/** The selected workspace: who it is, how it is there, and the bridge that answers for it. */
import type { PageBridge, PageWorkspace } from "../wire.ts";
import { el, isolated } from "./dom.ts";
import { now } from "./edges.ts";
import { bridgeWord, clockTime, count, presenceOf, span, wakeWord } from "./words.ts";

export class Heading {
  readonly element: HTMLElement;
  readonly #title = el("h2", {});
  readonly #presence = el("p", { class: "presence" });
  readonly #bridge = el("p", { class: "bridge" });
  #made = "";

  constructor() {
    this.element = el("header", { class: "heading" }, this.#title, this.#presence, this.#bridge);
  }

  /** `isPast`: the platform does not answer, and this is how it was. */
  show(workspace: PageWorkspace, bridge: PageBridge | undefined, isPast: boolean): void {
    const facts = [
      isPast ? "last known" : "",
      presenceOf(workspace).word,
      workspace.heartbeatAt === null ? "" : `heartbeat ${span(now() - workspace.heartbeatAt)} ago`,
      workspace.activeTasks > 0 ? count(workspace.activeTasks, "task") : "",
      workspace.mode === "push" ? "push mode" : "",
    ].filter((fact) => fact !== "");
    const made = JSON.stringify([workspace.name, facts, workspace.trouble, bridge]);
    if (made === this.#made) return;
    this.#made = made;
    this.#title.replaceChildren(isolated(workspace.name));
    const dot = el("span", { class: `dot ${presenceOf(workspace).tone}`, "aria-hidden": "true" });
    this.#presence.replaceChildren(dot, facts.join(" · "));
    // What an agent tells of a failure stays until its next one, whatever has gone well since.
    if (workspace.trouble !== "") {
      this.#presence.append(" · last failure: ", isolated(workspace.trouble));
    }
    this.#bridge.replaceChildren(...(bridge === undefined ? [] : bridgeFacts(bridge)));
  }
}

function bridgeFacts(bridge: PageBridge): (Node | string)[] {
  const { backend, pid, since, wake, unsettled, outbox, deadLetters, troubles } = bridge;
  const facts = [
    `Bridge of this machine: ${bridgeWord(bridge)}`,
    backend === null ? "" : `${backend} backend`,
    wake === null ? "" : wakeWord(wake),
    unsettled > 0 ? `${unsettled} in the journal` : "",
    outbox > 0 ? `${outbox} in the outbox` : "",
    deadLetters > 0 ? count(deadLetters, "dead letter") : "",
  ].filter((fact) => fact !== "");
  const wrong = troubles.map((trouble) =>
    el("span", { class: "problem" }, " ", isolated(trouble), "."),
  );
  const process =
    pid === null ? "" : ` · process ${pid}${since === null ? "" : ` since ${clockTime(since)}`}`;
  return [facts.join(" · "), el("span", { class: "wide" }, process), ...wrong];
}
