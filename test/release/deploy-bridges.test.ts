/** The bridges of scripts/deploy: their flags, files and probes are held to this program. */
import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import pkg from "../../package.json" with { type: "json" };
import { CommandLine } from "../../src/cli/command-line.ts";
import { loadConfig } from "../../src/cli/config/load.ts";
import { configPlaces } from "../../src/cli/config/places.ts";
import { resolve } from "../../src/cli/resolve.ts";
import { CLI } from "../../src/commands/cli.ts";
import { PLACES } from "../../src/commands/config/places.ts";
import { connect } from "../../src/commands/connect/connect.ts";
import { serveHealth } from "../../src/observe/health-server.ts";
import { REPOSITORY } from "../../src/project.ts";
import { parseDuration } from "../../src/shared/duration.ts";
import { parseListen } from "../../src/shared/listen-address.ts";
import { Secrets } from "../../src/shared/secrets.ts";
import { parseStoreAddress } from "../../src/store/postgres/address.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { compose, containerOf, fileBeside, manifests, only, podsOf } from "./deploy-files.ts";

const OWNER = new URL(REPOSITORY).pathname.split("/")[1]?.toLowerCase();
const IMAGE = `ghcr.io/${OWNER}/molecule:${pkg.version}`;
const deployment = only(manifests, "Deployment");

/** A bridge as an example starts it. */
interface Bridge {
  image: string;
  args: string[];
  env: Record<string, string>;
  /** What it finds where, of ConfigMaps, Secrets and their like. */
  files: ReadonlyMap<string, string>;
  /** How long it has from the signal to its end, in seconds. */
  grace: number;
}

const bridges = { kubernetes: kubernetesBridge(), compose: composeBridge() };

function kubernetesBridge(): Bridge {
  const { image, args, env, volumeMounts } = containerOf(deployment);
  const { volumes, terminationGracePeriodSeconds: grace } = podsOf(deployment);
  const held = (kind: string, name: string): Record<string, string> => {
    const { data, stringData } = only(manifests, kind, name);
    return { ...data, ...stringData };
  };
  const files = volumeMounts.flatMap(({ name, mountPath }: any) => {
    const { configMap, secret } = volumes.find((one: any) => one.name === name);
    const texts = configMap
      ? held("ConfigMap", configMap.name)
      : secret
        ? held("Secret", secret.secretName)
        : {};
    return Object.entries(texts).map(([key, text]) => [`${mountPath}/${key}`, text]);
  });
  const values = env.map(
    ({
      name,
      valueFrom: {
        secretKeyRef: { name: secret, key },
      },
    }: any) => [name, held("Secret", secret)[key]],
  );
  return { image, args, env: Object.fromEntries(values), files: new Map(files), grace };
}

function composeBridge(): Bridge {
  const { image, command: args, secrets, configs, stop_grace_period } = compose.services.molecule;
  const files = new Map<string, string>();
  for (const name of secrets) files.set(`/run/secrets/${name}`, "");
  for (const { source, target } of configs) {
    files.set(target, fileBeside(compose.configs[source].file));
  }
  return { image, args, env: {}, files, grace: Number(parseDuration(stop_grace_period)) / 1000 };
}

async function settingsOf({ args, env }: Bridge) {
  const secrets = new Secrets();
  const line = await new CommandLine(CLI, env, secrets).read(args);
  expect(line.path).toEqual(["molecule", "connect"]);
  return resolve(line, connect, env, secrets);
}

async function valuesOf(bridge: Bridge): Promise<Record<string, unknown>> {
  return (await settingsOf(bridge)).values;
}

describe.each(Object.entries(bridges))("the bridge of %s", (_name, bridge) => {
  test("is of the image of this version", () => expect(bridge.image).toBe(IMAGE));

  test("has flags and variables that molecule connect knows, and files that are there", async () => {
    const settings = [...(await settingsOf(bridge)).byName.entries()];
    const origins = settings.flatMap(([, { origin }]) => origin ?? []);
    expect(origins).toEqual(expect.arrayContaining(Object.keys(bridge.env)));
    const given = settings.filter(([, { source }]) => source === "flag" || source === "env");
    expect(given.map(([name]) => name).filter((name) => /^store(File)?$/.test(name))).toHaveLength(
      1,
    );
    const paths = given.flatMap(([, { texts = [] }]) => texts.filter((one) => one.startsWith("/")));
    expect([...bridge.files.keys()]).toEqual(expect.arrayContaining(paths));
  });

  test("has more time to end than --grace-secs", async () => {
    const { graceSecs } = await valuesOf(bridge);
    expect(bridge.grace).toBeGreaterThanOrEqual(Number(graceSecs) + 15);
  });

  test("has a config that is read as it is meant, with tokens that are there", async () => {
    const path = (await settingsOf(bridge)).byName.get("config")?.texts?.[0] ?? "";
    const text = bridge.files.get(path) ?? "";
    expect(await problemsOf(text)).toEqual([]);
    expect(await problemsOf(text.replace("token_file", "tokenfile"))).not.toEqual([]);
    const { workspaces } = Bun.YAML.parse(text) as { workspaces: { token_file: string }[] };
    // One for each replica, so that all have something to do.
    expect(workspaces).toHaveLength(3);
    const tokens = workspaces.map(({ token_file }) => token_file);
    expect([...bridge.files.keys()]).toEqual(expect.arrayContaining(tokens));
  });
});

async function problemsOf(text: string): Promise<string[]> {
  using folder = tmpFolder();
  const named = { path: join(folder.path, "molecule.yaml"), by: "--config" };
  writeFileSync(named.path, text);
  const own = { ...connect.args, ...connect.lists };
  const parts = { cli: CLI, own, places: PLACES, env: {}, secrets: new Secrets(), named };
  const config = await loadConfig(configPlaces(PLACES, {}, named), parts);
  expect(config.all("workspaces")).toHaveLength(1);
  return config.problems.map(({ message }) => message);
}

test("its probes and Prometheus ask for what --health serves, where it does", async () => {
  const container = containerOf(deployment);
  const { annotations } = deployment.spec.template.metadata;
  const [{ containerPort }] = container.ports;
  const { health } = await valuesOf(bridges.kubernetes);
  expect(parseListen(String(health))).toEqual({ hostname: "0.0.0.0", port: containerPort });
  expect(annotations["prometheus.io/port"]).toBe(String(containerPort));
  const probes = ["startupProbe", "livenessProbe", "readinessProbe"].map((name) => container[name]);
  const paths = probes.map(({ httpGet }) => httpGet.path);
  // One that is not ready must not be killed for it.
  expect(paths).toEqual(["/livez", "/livez", "/readyz"]);
  const server = await serveHealth(
    { hostname: "127.0.0.1", port: 0 },
    { overdue: () => undefined, readiness: () => [], metrics: async () => "" },
  );
  try {
    for (const path of [...paths, annotations["prometheus.io/path"]]) {
      const { status } = await fetch(`http://${server.address}${path}`);
      // Not ready is an answer, too.
      expect({ path, status }).toEqual({ path, status: path === "/readyz" ? 503 : 200 });
    }
  } finally {
    server.close();
  }
});

test("its Secrets hold placeholders, and an address of the Postgres beside it", () => {
  const secrets = manifests.filter(({ kind }) => kind === "Secret");
  for (const value of secrets.flatMap(({ stringData }) => Object.values<string>(stringData))) {
    expect(value).toContain("change-me");
  }
  const service = only(manifests, "Service");
  expect(parseStoreAddress(bridges.kubernetes.env["MOLECULE_STORE"] ?? "")?.place).toBe(
    `${service.metadata.name}:${service.spec.ports[0].port}/molecule`,
  );
});
