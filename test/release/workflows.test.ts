/** What the workflows on the project's host may do, and with what. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../scripts/set-up.ts";

interface Step {
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
  env?: Record<string, string>;
}
interface Job {
  if?: string;
  needs?: string | string[];
  uses?: string;
  permissions?: Record<string, string>;
  steps?: Step[];
}
interface Workflow {
  on: Record<string, { tags?: string[] } | null>;
  permissions: Record<string, string>;
  env?: Record<string, string>;
  jobs: Record<string, Job>;
}

const folder = join(ROOT, ".github", "workflows");
const text = (name: string) => readFileSync(join(folder, name), "utf8");
const names = readdirSync(folder);
const workflows = names.map((name) => Bun.YAML.parse(text(name)) as Workflow);
const release = workflows[names.indexOf("release.yml")] as Workflow;
const jobs = workflows.flatMap(({ jobs }) => Object.values(jobs));
const steps = jobs.flatMap((job) => job.steps ?? []);

test("every action is pinned by commit, with its version in words", () => {
  const used = names.flatMap((name) =>
    text(name)
      .split("\n")
      .filter((line) => /\buses:/.test(line)),
  );
  expect(used.length).toBeGreaterThan(10);
  for (const line of used) {
    expect(line).toMatch(/uses: (\.\/\S+|[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$/);
  }
});

test("one action has one version", () => {
  const pins = new Map(
    steps.flatMap(({ uses }) => (uses ? [uses.split("@")] : [])) as [string, string][],
  );
  for (const { uses } of steps) {
    const [action = "", commit] = uses?.split("@") ?? [];
    expect(pins.get(action)).toBe(commit as string);
  }
});

test("a workflow may only read; the job that releases may write, and runs for a tested tag alone", () => {
  for (const { permissions } of workflows) expect(permissions).toEqual({ contents: "read" });
  const writing = Object.entries(release.jobs).filter(([, { permissions }]) => permissions);
  expect(writing.map(([name]) => name)).toEqual(["release"]);
  expect(jobs.filter(({ permissions }) => permissions).length).toBe(1);
  expect(release.on["push"]).toEqual({ tags: ["v*"] });
  expect(release.jobs["release"]?.needs).toEqual(["gate", "test"]);
  expect(release.jobs["test"]).toEqual({ needs: "gate", uses: "./.github/workflows/ci.yml" });
  const gate = release.jobs["gate"];
  expect(gate?.if).toBe("github.event_name == 'push'");
  expect(gate?.steps?.map(({ run }) => run)).toContain(
    'git merge-base --is-ancestor "$GITHUB_SHA" origin/main',
  );
  // With it, the code of a stranger's pull request would run with the project's secrets.
  for (const name of names) expect(text(name)).not.toContain("pull_request_target");
});

test("secrets reach the release alone", () => {
  for (const [name, job] of workflows.flatMap(({ jobs }) => Object.entries(jobs))) {
    if (name !== "release") expect(JSON.stringify(job)).not.toContain("secrets.");
  }
});

test("no script of a step holds an expression, which a branch's name could break out of", () => {
  for (const { run } of steps) expect(run ?? "").not.toContain("${{");
});

test("Bun is the one of package.json, GoReleaser one version, and no checkout keeps a token", () => {
  const builds = Object.values(release.jobs).filter((job) =>
    /goreleaser/.test(JSON.stringify(job)),
  );
  expect(builds.length).toBe(2);
  for (const job of builds) {
    expect(job.steps?.map(({ run }) => run)).toContain(
      'npm install --global "$(jq -r .packageManager package.json)"',
    );
  }
  for (const { uses, with: inputs } of steps) {
    if (uses?.startsWith("goreleaser/")) expect(inputs?.["version"]).toBe("${{ env.GORELEASER }}");
    if (uses?.startsWith("actions/checkout@")) {
      expect(inputs?.["persist-credentials"]).toBe(false);
    }
  }
  expect(release.env?.["GORELEASER"]).toMatch(/^v2\.\d+\.\d+$/);
});

test("each system runs what anyone can run", () => {
  const ci = workflows[names.indexOf("ci.yml")] as Workflow;
  expect(ci.jobs["test"]?.steps?.at(-1)?.run).toBe(".ci/run");
  for (const os of ["ubuntu", "macos", "windows"]) expect(text("ci.yml")).toContain(`${os}-`);
});
