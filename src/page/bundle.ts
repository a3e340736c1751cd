/** Makes one script of what runs in the browser, when the program is built: a macro of assets.ts. */
import { join } from "node:path";

/**
 * The script, the same bytes for the same sources. Throws an Error with the bundler's words where they
 * can't be bundled. In a process of its own: a bundler that runs a macro refuses to bundle.
 */
export function script(): string {
  const folder = join(import.meta.dir, "browser");
  const { exitCode, stdout, stderr } = Bun.spawnSync(
    [process.execPath, "build", "main.ts", "--target=browser", "--format=esm", "--minify"],
    // Neither the settings of the folder that the build is run in nor its files count.
    { cwd: folder, stdout: "pipe", stderr: "pipe" },
  );
  if (exitCode === 0 && stdout.length > 0) return stdout.toString();
  throw new Error(`the page's script could not be bundled:\n${stderr}${stdout}`.trim());
}
