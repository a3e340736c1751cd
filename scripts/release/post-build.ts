/** GoReleaser's hook after each build: `post-build.ts <target> <binary> <version> <commit>`. */
import { finish } from "./finish.ts";
import { checkRuntime } from "./pinned-runtimes.ts";
import { findTarget } from "./targets.ts";

const [name = "", path = "", version = "", commit = ""] = process.argv.slice(2);
const target = findTarget(name);
if (target === undefined) throw new Error(`"${name}" is not among scripts/release/targets.ts`);
checkRuntime(target);
console.log(finish(path, target, { version, commit }));
