/** Variables that make a headless Claude Code fit for what strangers write to it. */

/**
 * What the operator may set otherwise. With its own ten retries claude takes three minutes to say that a
 * key is wrong; we have our own. An update in the middle of a run could replace the program under the
 * next one.
 */
export const CLAUDE_DEFAULTS = { CLAUDE_CODE_MAX_RETRIES: "2", DISABLE_AUTOUPDATER: "1" };

/**
 * What the operator's environment does not change (the `env` in claude's own settings does). Claude puts
 * a file that a prompt names as `@/path` into it, and asks for no leave; the variable that stops it also
 * keeps the list of skills from the model, which can still use them by name. Its memory of its own is one
 * for all conversations of a folder: what a stranger says there would be told to all others.
 */
export const CLAUDE_WALLS = {
  CLAUDE_CODE_DISABLE_ATTACHMENTS: "1",
  CLAUDE_CODE_DISABLE_AUTO_MEMORY: "1",
};
