/** What is sent to a chat model: who speaks, what was said before, and the message. */
import { describeParts } from "../../a2a/message.ts";
import { storable } from "../../shared/text.ts";
import type { BackendRequest } from "../backend.ts";
import type { Turn } from "./history.ts";
import { frame } from "../framing.ts";
import { showFiles } from "./files.ts";

export interface ChatSettings {
  model: string;
  systemPrompt: string | undefined;
  temperature: number | undefined;
  maxTokens: number | undefined;
  /** Whether the model can see. */
  images: boolean;
}

/** A message in the words of the API. */
export interface ChatMessage {
  role: "system" | "user" | "assistant";
  content: string | ChatPart[];
}

export type ChatPart =
  { type: "text"; text: string } | { type: "image_url"; image_url: { url: string } };

/** The message as the model gets it now, and as it will be remembered. */
export interface Asked {
  content: string | ChatPart[];
  remembered: string;
}

/**
 * The message in its frame, with the files that can be shown. What is remembered of it is what it says, a
 * short word on who spoke, and the names of its files: the same frame around each turn, and files that
 * were read once, would crowd out what was said.
 */
export async function askedOf(
  request: BackendRequest,
  { images }: Pick<ChatSettings, "images">,
  forgotten: boolean,
): Promise<Asked> {
  const files = await showFiles(request.files, images);
  const said = describeParts(request.parts.filter((part) => part.kind !== "file"));
  const parts = [{ kind: "text" as const, text: joined(said, files.text) }];
  // A model without tools can't have done a part of the work, and leaves no files.
  const shown = { ...request, parts, interrupted: false, answerFolder: undefined };
  const framed = frame(shown, { forgotten });
  const text = storable(framed);
  const urls = files.images.map((url) => ({ type: "image_url" as const, image_url: { url } }));
  return {
    content: urls.length === 0 ? text : [{ type: "text", text }, ...urls],
    remembered: storable(`${speaker(request)}\n\n${joined(said, files.names)}`),
  };
}

/** The body of a chat completion: the system prompt first, whatever else is left out. */
export function chatBody(
  { model, systemPrompt, temperature, maxTokens }: ChatSettings,
  history: readonly Turn[],
  asked: Asked,
): string {
  const messages: ChatMessage[] = [
    ...(systemPrompt === undefined ? [] : [{ role: "system" as const, content: systemPrompt }]),
    ...history.flatMap(({ user, assistant }): ChatMessage[] => [
      { role: "user", content: user },
      { role: "assistant", content: assistant },
    ]),
    { role: "user", content: asked.content },
  ];
  return JSON.stringify({
    model,
    messages,
    stream: false,
    ...(temperature === undefined ? {} : { temperature }),
    ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
  });
}

function joined(...texts: string[]): string {
  return texts.filter((text) => text !== "").join("\n\n");
}

function speaker({ sender, isReply }: BackendRequest): string {
  const who = {
    peer: "another agent",
    canvas: "the person at the canvas",
    unknown: "the platform",
  };
  return `[From ${who[sender]}${isReply ? ", answering you" : ""}]`;
}
