/** The agents that are known by name; how each is started is in `presets.ts`. */
export const PRESETS = ["claude", "codex", "gemini", "opencode"] as const;

export type PresetName = (typeof PRESETS)[number];
