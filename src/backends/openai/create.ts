/** Any OpenAI-compatible chat endpoint: Ollama, LM Studio, vLLM, llama.cpp, or a service. */
import { KeyedLock } from "../../shared/keyed-lock.ts";
import { oneLine } from "../../shared/text.ts";
import type { Backend, BackendParts, OptionValues, Outcome } from "../backend.ts";
import { listModels } from "./models.ts";
import { OpenaiRun } from "./run.ts";
import { type OpenaiSettings, readOpenaiSettings } from "./settings.ts";
import type { Standing } from "../standing.ts";

/** Throws a UsageError where an option can't be used, or a variable that one names is not set. */
export function createOpenai(options: OptionValues, parts: BackendParts): Backend {
  const settings = readOpenaiSettings(options, parts);
  const lock = new KeyedLock();
  const standing: Standing = { good: false };
  return {
    timeoutMs: settings.timeoutMs,
    takesEmptyText: false,
    costsMoney: !settings.local,
    reportsCost: false,
    // Each request is whole in itself; a server on one machine queues what it can't take.
    concurrency: 4,
    readsFiles: true,
    leavesFiles: false,
    check: () => check(settings, parts),
    async run(request, signal, hooks): Promise<Outcome> {
      hooks?.onTask?.(`asking ${oneLine(settings.model, 60)}`);
      return new OpenaiRun(settings, parts, request, signal, standing).outcome(lock);
    },
  };
}

/** A server that is not there may be there when a message comes: it is told of, and no reason to end. */
async function check(settings: OpenaiSettings, parts: BackendParts): Promise<void> {
  const { shown, model } = settings;
  const list = await listModels(settings, parts);
  if (list.kind === "away") {
    parts.onNote(
      parts.secrets.mask(`the model's server at ${shown} is not there yet: ${list.words}`),
    );
  } else if (list.kind === "unknown" && (list.status === 401 || list.status === 403)) {
    parts.onNote(
      `the model's server at ${shown} answers ${list.status} when asked for its models: check api_key`,
    );
  } else if (list.kind === "models" && !list.names.some((name) => isSame(name, model))) {
    const some = list.names.slice(0, 5).join(", ");
    const has = some === "" ? "none" : `${some}${list.names.length > 5 ? ", …" : ""}`;
    parts.onNote(
      `the model's server at ${shown} does not list the model ${oneLine(model, 100)}; it lists ${has}`,
    );
  }
}

/** Ollama takes `llama3` for `llama3:latest`. */
function isSame(name: string, model: string): boolean {
  return name === model || name === `${model}:latest`;
}
