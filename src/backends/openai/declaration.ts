/** The openai backend as it is declared: parsing and help follow from this. */
import type { BackendType } from "../backend.ts";

/** The backend: `model` is its only option that must be given. */
export const openai: BackendType = {
  name: "openai",
  summary: "asks a model with an OpenAI-compatible API (Ollama, LM Studio, vLLM, a service)",
  options: {
    base_url: {
      type: "string",
      summary: "the server, up to and with /v1",
      default: "http://localhost:11434/v1",
    },
    model: { type: "string", summary: "the model's name there", required: true },
    system_prompt: { type: "text", summary: "what the model is told before every conversation" },
    api_key: { type: "secret", summary: "sent as a bearer token; default: none" },
    header: { type: "text", summary: "a header of each request", named: true },
    history: {
      type: "integer",
      summary: "how many messages of a conversation are remembered, with their answers",
      default: "20",
      min: 0,
      max: 1000,
    },
    history_budget: {
      type: "bytes",
      summary: "how much text of them; the oldest go first",
      default: "64k",
    },
    temperature: { type: "number", summary: "default: the server's", min: 0, max: 2 },
    max_tokens: { type: "integer", summary: "the longest answer; default: the server's", min: 1 },
    images: {
      type: "boolean",
      summary: "show it the images that come with a message: for models that can see",
      default: "false",
    },
    timeout: { type: "duration", summary: "how long an answer may take", default: "5m" },
    max_answer: {
      type: "bytes",
      summary: "the longest answer; the rest is cut off (a reply carries a little more than 900k)",
      default: "900k",
    },
  },
  create: async (options, parts) => (await import("./create.ts")).createOpenai(options, parts),
};
