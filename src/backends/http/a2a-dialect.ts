/** The two versions of the A2A protocol as JSON-RPC writes them (A2A specification 0.3 and 1.0). */
import type { JsonObject } from "../../shared/json.ts";

/** Where they differ, by the two numbers that count. */
export type Version = "0.3" | "1.0";

/** What is asked of an agent. */
export type Verb = "send" | "get" | "cancel";

/** A part of a message before it is written in a version's way. */
export type OutPart =
  | { kind: "text"; text: string }
  | { kind: "data"; data: unknown; mimeType: string | undefined }
  /** `bytes` in base64, or else `uri`. */
  | {
      kind: "file";
      name: string | undefined;
      mimeType: string | undefined;
      content: { bytes: string } | { uri: string };
    };

/** A message before it is written in a version's way. */
export interface Draft {
  messageId: string;
  contextId: string | undefined;
  taskId: string | undefined;
  parts: readonly OutPart[];
  metadata: JsonObject;
}

/** How a version writes what is asked. */
export interface Dialect {
  methods: Record<Verb, string>;
  headers: Record<string, string>;
  /** The parameters of `send`; what is undefined is left out by JSON. */
  sendParams(draft: Draft): JsonObject;
}

/** Our message does not want a copy of itself back; the agent's last words it does. */
export const HISTORY_LENGTH = 1;

export const DIALECTS: Record<Version, Dialect> = {
  "0.3": {
    methods: { send: "message/send", get: "tasks/get", cancel: "tasks/cancel" },
    headers: {},
    sendParams: ({ parts, ...rest }) => ({
      message: { kind: "message", role: "user", ...rest, parts: parts.map(oldPart) },
      // A task's id at once, so that it can be followed, canceled and found again after a crash.
      configuration: { blocking: false, historyLength: HISTORY_LENGTH },
    }),
  },
  "1.0": {
    methods: { send: "SendMessage", get: "GetTask", cancel: "CancelTask" },
    headers: { "a2a-version": "1.0" },
    sendParams: ({ parts, ...rest }) => ({
      message: { role: "ROLE_USER", ...rest, parts: parts.map(newPart) },
      configuration: { returnImmediately: true, historyLength: HISTORY_LENGTH },
    }),
  },
};

/** The version to try where an agent does not know this one. */
export function otherVersion(version: Version): Version {
  return version === "0.3" ? "1.0" : "0.3";
}

function oldPart(part: OutPart): JsonObject {
  switch (part.kind) {
    case "text":
      return { kind: "text", text: part.text };
    case "data": {
      const { data } = part;
      // Its data is an object; 1.0 allows any value.
      if (typeof data === "object" && data !== null && !Array.isArray(data)) {
        return { kind: "data", data };
      }
      return { kind: "text", text: JSON.stringify(data) };
    }
    case "file":
      return {
        kind: "file",
        file: { name: part.name, mimeType: part.mimeType, ...part.content },
      };
  }
}

function newPart(part: OutPart): JsonObject {
  switch (part.kind) {
    case "text":
      return { text: part.text };
    case "data":
      return { data: part.data, mediaType: part.mimeType };
    case "file": {
      const { content } = part;
      return {
        ...("bytes" in content ? { raw: content.bytes } : { url: content.uri }),
        filename: part.name,
        mediaType: part.mimeType,
      };
    }
  }
}
