/** The Chromium of this machine. */

/** The first that there is on the PATH: nothing is ever downloaded. */
export const CHROMIUM = ["chromium", "chromium-browser", "google-chrome"]
  .map((name) => Bun.which(name))
  .find((path) => path !== null);
