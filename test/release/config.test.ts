/** What a release is made with, as far as it can be held to the rest of the project without GoReleaser. */
import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { COMPILE_FLAGS, defines } from "../../scripts/compile.ts";
import { FILES, moved, statedHome } from "../../scripts/home.ts";
import { TARGETS } from "../../scripts/release/targets.ts";
import { ROOT } from "../../scripts/set-up.ts";
import { REPOSITORY } from "../../src/project.ts";

const HOME = REPOSITORY.replace("https://github.com/", "");
const read = (name: string) => readFileSync(join(ROOT, name), "utf8");

interface Release {
  dist: string;
  env: string[];
  before: { hooks: string[] };
  builds: { id: string; targets: string[]; flags: string[]; hooks: { post: { cmd: string }[] } }[];
  archives: { ids: string[]; name_template: string; formats: string[] }[];
  dockers_v2: { dockerfile: string; ids: string[]; tags: string[] }[];
  release: { make_latest: string };
  homebrew_casks: {
    skip_upload: string;
    hooks?: unknown;
    ids: string[];
    custom_block: string;
    completions: Record<string, string>;
  }[];
  nfpms: { contents: { src: string }[] }[];
  changelog: { groups: { title: string; regexp?: string }[]; filters: { exclude: string[] } };
}
const HIGHEST = 'eq .Env.LATEST "true"';
const text = read(".goreleaser.yaml");
const release = Bun.YAML.parse(text) as Release;

test("the release is built for the targets of bun run build", () => {
  const targets = release.builds.flatMap((build) => build.targets);
  expect(targets.toSorted()).toEqual(TARGETS.map(({ name }) => name).toSorted());
});

test("glibc and musl are apart, which GoReleaser takes for one platform", () => {
  for (const { targets } of release.builds) {
    const platforms = targets.map((name) => name.replace("-musl", ""));
    expect(new Set(platforms).size).toBe(platforms.length);
  }
});

test("the release is compiled with the flags of bun run build", () => {
  for (const { flags } of release.builds) {
    expect(flags.slice(0, COMPILE_FLAGS.length)).toEqual(COMPILE_FLAGS);
    const names = (list: string[]) => list.map((flag) => flag.replace(/".*"/, ""));
    expect(names(flags.slice(COMPILE_FLAGS.length))).toEqual(
      names(defines({ version: "", commit: "" })),
    );
  }
});

test("each binary is finished as bun run build finishes its own, with the same version and commit", () => {
  for (const { flags, hooks } of release.builds) {
    const [version, commit] = flags.slice(-2).map((flag) => /"(.*)"/.exec(flag)?.[1]);
    expect(hooks.post.map(({ cmd }) => cmd)).toEqual([
      `bun scripts/release/post-build.ts {{ .Target }} {{ .Path }} ${version} ${commit}`,
    ]);
  }
});

test("every build goes into one archive of its own name", () => {
  expect(release.archives.flatMap(({ ids }) => ids)).toEqual(release.builds.map(({ id }) => id));
  const names = release.archives.map(({ name_template }) => name_template);
  expect(new Set(names).size).toBe(names.length);
});

test("the scripts and the Dockerfile that the release names are there", () => {
  const named = [...text.matchAll(/scripts\/[\w./-]+/g)].map(([path]) => path);
  expect(named.length).toBeGreaterThan(5);
  for (const path of named) {
    expect({ path, there: existsSync(join(ROOT, path)) }).toEqual({ path, there: true });
  }
});

test("completions are written where the archives and packages look for them", async () => {
  const folder = release.before.hooks.at(-1)?.split(" ").at(-1) ?? "";
  const { exitCode } = Bun.spawnSync(
    [process.execPath, join(ROOT, "scripts/release/completions.ts"), folder],
    { cwd: ROOT },
  );
  expect(exitCode).toBe(0);
  const written = readdirSync(join(ROOT, folder));
  const packaged = release.nfpms
    .flatMap(({ contents }) => contents.map(({ src }) => src))
    .filter((src) => src.startsWith(folder))
    .map((src) => src.slice(folder.length + 1));
  expect(packaged.length).toBeGreaterThan(3);
  expect(written).toEqual(expect.arrayContaining(packaged));
  const cask = Object.values(release.homebrew_casks[0]?.completions ?? {});
  expect(written.map((name) => `completions/${name}`)).toEqual(expect.arrayContaining(cask));
  // GoReleaser wants its own folder empty once the hooks have run.
  expect(folder.startsWith(`${release.dist}/`)).toBe(false);
});

test("the cask takes the glibc archives, no pre-releases, and lifts the quarantine on macOS alone", () => {
  for (const cask of release.homebrew_casks) {
    const [archive] = release.archives;
    expect(archive?.ids).toEqual(["glibc"]);
    expect(cask.ids).toEqual(["default"]);
    expect(cask.skip_upload).toBe(`{{ if ${HIGHEST} }}auto{{ else }}true{{ end }}`);
    // GoReleaser writes hooks as `postflight do`, which Homebrew warns about.
    expect(cask.hooks).toBeUndefined();
    expect(cask.custom_block).toMatch(
      /^postflight_steps do\n {2}on_macos do\n {4}run .*quarantine/,
    );
  }
});

test("a mend of an old line becomes neither the latest release nor the latest image", () => {
  expect(release.env).toContain('LATEST={{ envOrDefault "LATEST" "true" }}');
  expect(release.release.make_latest).toBe("{{ .Env.LATEST }}");
  for (const { tags } of release.dockers_v2) {
    expect(tags).toEqual([
      "{{ .Version }}",
      `{{ if and (not .Prerelease) (${HIGHEST}) }}latest{{ end }}`,
    ]);
  }
});

test("the changelog has a place for each kind of commit that CONTRIBUTING.md names", () => {
  const { groups, filters } = release.changelog;
  const place = (subject: string) => {
    if (filters.exclude.some((pattern) => new RegExp(pattern).test(subject))) return "none";
    return groups.find(({ regexp }) => regexp === undefined || new RegExp(regexp).test(subject))
      ?.title;
  };
  expect(place("feat: answer by carrier pigeon")).toBe("Features");
  expect(place("feat(push)!: drop the old path")).toBe("Breaking changes");
  expect(place("refactor!: drop Node")).toBe("Breaking changes");
  expect(place("fix(store): keep the cursor")).toBe("Fixes");
  expect(place("perf: read less")).toBe("Speed");
  expect(place("test: wait for the row")).toBe("none");
  expect(place("ci(release): pin")).toBe("none");
  expect(place("Keep the cursor")).toBe("Others");
  const kinds = /types are ([^.]*)\./.exec(read(".github/CONTRIBUTING.md"))?.[1] ?? "";
  const named = [...kinds.matchAll(/`(\w+)`/g)].map(([, kind]) => kind);
  expect(named).toContain("feat");
  for (const kind of named) expect(place(`${kind}: so`)).not.toBe("Others");
});

test("the image has a base without a shell and without root, and holds a glibc binary", () => {
  for (const { dockerfile, ids } of release.dockers_v2) {
    expect(read(dockerfile)).toMatch(/^FROM gcr\.io\/distroless\/base\S*:nonroot$/m);
    expect(ids).toEqual(["glibc"]);
  }
});

test("owner and repository come from package.json alone", () => {
  const names = Object.fromEntries(release.env.map((line) => line.split(/=(.*)/s, 2)));
  // The first place with such an address in the file is what the templates take.
  const [, owner, repository] =
    /github\.com\/([^/]+)\/([^/]+)\.git/.exec(read("package.json")) ?? [];
  expect(REPOSITORY).toBe(`https://github.com/${owner}/${repository}`);
  expect(names["OWNER"]).toContain('mustReadFile "package.json"');
  expect(names["REPOSITORY"]).toContain('mustReadFile "package.json"');
  expect(text).not.toContain(owner);
});

test.each(FILES)("%s names the repository of package.json", (name) => {
  expect(statedHome()).toBe(HOME);
  expect(read(name)).toContain(HOME);
});

test.each(FILES)("bun scripts/home.ts leaves nothing of the old home in %s", (name) => {
  const there = moved(read(name), HOME, "An-Unlikely-Owner/my.bridge");
  const owner = HOME.replace(/\/.*/, "");
  expect(there).not.toMatch(new RegExp(`\\b${RegExp.escape(owner)}/`, "i"));
  expect(moved(there, "An-Unlikely-Owner/my.bridge", HOME)).toBe(read(name));
});
