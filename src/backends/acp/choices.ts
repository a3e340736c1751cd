/** The mode and the model that the operator chose, where the agent offers them (ACP, "Session Modes", "Session Config Options"). */
import { get, getArray, getString } from "../../shared/json.ts";
import { oneLine } from "../../shared/text.ts";
import { outcomeOfError } from "./errors.ts";
import { call, type SessionParts } from "./session.ts";
import type { Outcome } from "../backend.ts";
import type { Guard } from "./guard.ts";

export interface Choices {
  mode: string | undefined;
  model: string | undefined;
}

/**
 * Makes the choices in a session that was just opened; `setup` is what the agent said of it. Where the
 * operator chose no mode, it is to be one of the guard's. Undefined where all is as chosen, an `operator`
 * outcome that names what there is where a choice is not offered.
 */
export async function choose(
  parts: SessionParts,
  sessionId: string,
  setup: unknown,
  choices: Choices,
  guarded: Guard["modes"] = [],
): Promise<Outcome | undefined> {
  for (const what of ["mode", "model"] as const) {
    const safe = what === "mode" ? guarded : [];
    const wanted = choices[what] ?? safe[0];
    if (wanted === undefined) continue;
    const offer = offerOf(setup, what);
    const unchosen = choices[what] === undefined;
    if (unchosen && offer.current !== undefined && safe.includes(offer.current)) continue;
    const found = offer.values.find(({ value, name }) => value === wanted || name === wanted);
    if (found === undefined) return notOffered(parts, what, wanted, offer.values, unchosen);
    if (found.value === offer.current) continue;
    const [method, params] = offer.change(found.value);
    const answer = await call(parts, method, { sessionId, ...params });
    if (answer.kind === "ended") return answer.outcome;
    if (answer.kind === "error") {
      const { loginNames } = parts.connection.facts;
      const doing = `take the ${what} ${oneLine(wanted, 60)}`;
      const { mask } = parts;
      return outcomeOfError(answer.error, { mask, loginNames, doing, stage: "before" });
    }
  }
  return undefined;
}

interface Offer {
  current: string | undefined;
  values: { value: string; name: string | undefined }[];
  change(value: string): [method: string, params: object];
}

function offerOf(setup: unknown, what: "mode" | "model"): Offer {
  const option = (getArray(setup, "configOptions") ?? []).find(
    (one) => (getString(one, "category") ?? getString(one, "id")) === what,
  );
  const configId = getString(option, "id");
  if (configId !== undefined) {
    return {
      current: getString(option, "currentValue"),
      values: valuesIn(getArray(option, "options") ?? [], "value"),
      change: (value) => ["session/set_config_option", { configId, value }],
    };
  }
  // Older agents have modes, and some have models in a form that never became part of the protocol.
  if (what === "model") {
    const models = get(setup, "models");
    return {
      current: getString(models, "currentModelId"),
      values: valuesIn(getArray(models, "availableModels") ?? [], "modelId"),
      change: (modelId) => ["session/set_model", { modelId }],
    };
  }
  const modes = get(setup, "modes");
  return {
    current: getString(modes, "currentModeId"),
    values: valuesIn(getArray(modes, "availableModes") ?? [], "id"),
    change: (modeId) => ["session/set_mode", { modeId }],
  };
}

/** The values, also those that stand in groups. */
function valuesIn(options: readonly unknown[], key: "value" | "id" | "modelId"): Offer["values"] {
  return options.flatMap((option) => {
    const value = getString(option, key);
    if (value !== undefined) return [{ value, name: getString(option, "name") }];
    return (getArray(option, "options") ?? []).flatMap((inner) => {
      const found = getString(inner, key);
      return found === undefined ? [] : [{ value: found, name: getString(inner, "name") }];
    });
  });
}

function notOffered(
  { mask }: SessionParts,
  what: string,
  wanted: string,
  values: Offer["values"],
  unchosen: boolean,
): Outcome {
  const all = values.map(({ value }) => oneLine(mask(value), 60));
  const more = all.length > 20 ? `, and ${all.length - 20} more` : "";
  return {
    kind: "operator",
    reason: `the agent offers no ${what} ${oneLine(wanted, 60)}`,
    told: "the agent is not set up as its operator wanted it; its operator has been told",
    hint:
      all.length > 0
        ? `it offers: ${all.slice(0, 20).join(", ")}${more}${unchosen ? `; ${INSTEAD}` : ""}`
        : unchosen
          ? `it offers no choice of a mode: ${INSTEAD}`
          : `it offers no choice of a ${what}: leave out --backend-opt ${what}=…`,
  };
}

const INSTEAD =
  "permissions=deny needs that mode with it; choose another with --backend-opt mode=…, or install a newer version";
