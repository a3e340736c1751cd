const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const WORKSPACE_ID = /^(?!\.)[A-Za-z0-9._-]{1,128}$/;

/** Whether the text has the form of a UUID (RFC 9562), of any version. */
export function isUuid(text: unknown): text is string {
  return typeof text === "string" && UUID.test(text);
}

/**
 * Whether the text may be used as a workspace id in a path or URL: letters, digits, `.`, `_`, `-`,
 * at most 128, no leading dot. (The platform's ids are UUIDs; the Go tool allowed others.)
 */
export function isWorkspaceId(text: string): boolean {
  return WORKSPACE_ID.test(text);
}

/** Namespace of the message ids that this program makes; any fixed UUID will do. */
const NAMESPACE = "6f6d6f6c-6563-5c65-8a2a-636f6e6e6563";

/** UUID version 5 (RFC 9562, 5.5) of a name in this program's own namespace. */
export function uuidV5(name: string): string {
  return Bun.randomUUIDv5(name, NAMESPACE);
}
