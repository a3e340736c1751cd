/** An agent's card as it introduced itself: read without trusting its shape. */
import { asObject, get, getArray, getString, type JsonObject } from "../../shared/json.ts";

export interface Card {
  name: string | undefined;
  description: string | undefined;
  version: string | undefined;
  /** Of A2A. */
  protocol: string | undefined;
  skills: Skill[];
  /** Those that it says it has: "streaming", … */
  capabilities: string[];
}

export interface Skill {
  name: string;
  description: string | undefined;
}

/** The card of a workspace's row; undefined where no agent has introduced itself yet. */
export function cardOf(workspace: JsonObject): Card | undefined {
  const card = asObject(get(workspace, "agent_card"));
  if (card === undefined || Object.keys(card).length === 0) return undefined;
  return {
    name: getString(card, "name"),
    description: getString(card, "description"),
    version: getString(card, "version"),
    protocol: getString(card, "protocolVersion"),
    skills: (getArray(card, "skills") ?? []).flatMap(readSkill),
    capabilities: readCapabilities(get(card, "capabilities")),
  };
}

/** A skill of A2A is an object; some agents give a mere name. */
function readSkill(value: unknown): Skill[] {
  if (typeof value === "string")
    return value === "" ? [] : [{ name: value, description: undefined }];
  const name = getString(value, "name") ?? getString(value, "id");
  return name === undefined ? [] : [{ name, description: getString(value, "description") }];
}

/** A2A has an object of switches; older agents a list of names. */
function readCapabilities(value: unknown): string[] {
  if (Array.isArray(value)) return value.filter((name) => typeof name === "string");
  return Object.entries(asObject(value) ?? {}).flatMap(([name, on]) => (on === true ? [name] : []));
}
