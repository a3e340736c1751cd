/** The examples of scripts/deploy: held to the schemas of those who read them, and to themselves. */
import { Validator } from "@cfworker/json-schema";
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { looseEnds, looseEndsOfCompose, unmountable } from "./deploy-ends.ts";
import { compose, containerOf, manifests, only, podsOf } from "./deploy-files.ts";

const deployment = only(manifests, "Deployment");

function schema(name: string): any {
  return JSON.parse(readFileSync(join(import.meta.dir, "schemas", `${name}.json`), "utf8"));
}

const KUBERNETES = schema("kubernetes-1.37");
const COMPOSE = new Validator(schema("compose-spec"), "2020-12", false);

/** What the API server would refuse, by the schema of the manifest's kind. */
function faultsOf(manifest: any): string[] {
  const [name] =
    Object.entries<any>(KUBERNETES.$defs).find(([, { properties }]) =>
      ["apiVersion", "kind"].every((key) => properties?.[key]?.enum?.includes(manifest[key])),
    ) ?? [];
  if (name === undefined) return [`no schema for ${manifest.apiVersion} ${manifest.kind}`];
  return errorsOf(
    new Validator({ ...KUBERNETES, $ref: `#/$defs/${name}` }, "2020-12", false),
    manifest,
  );
}

function errorsOf(validator: Validator, value: any): string[] {
  const { errors } = validator.validate(value);
  return errors.map(({ instanceLocation, error }) => `${instanceLocation}: ${error}`);
}

/** Changes a copy. */
function changed<T>(value: T, change: (copy: any) => void): T {
  const copy = structuredClone(value);
  change(copy);
  return copy;
}

describe("Kubernetes", () => {
  test.each(manifests.map((one) => [one.kind, one.metadata.name, one]))(
    "%s %s is what the API knows",
    (_kind, _name, manifest) => expect(faultsOf(manifest)).toEqual([]),
  );

  test.each<[string, (deployment: any) => void]>([
    ["an unknown field", ({ spec }) => (spec.replica = 3)],
    ["a field in a wrong place", (one) => (containerOf(one).terminationGracePeriodSeconds = 60)],
    ["a wrong type", ({ spec }) => (spec.replicas = "three")],
    ["a wrong type deep down", (one) => (containerOf(one).args = "connect")],
    ["a number for a variable", (one) => (containerOf(one).env[0].value = 5432)],
    ["a missing field", ({ spec }) => delete spec.selector],
    ["a missing field deep down", (one) => delete containerOf(one).volumeMounts[0].mountPath],
    ["an old version", (one) => (one.apiVersion = "extensions/v1beta1")],
  ])("%s would be found", (_what, change) => {
    expect(faultsOf(changed(deployment, change))).not.toEqual([]);
  });

  test("all that is referred to is there", () => expect(looseEnds(manifests)).toEqual([]));

  const edit = (kind: string, change: (one: any) => void) => (all: any[]) =>
    change(only(all, kind));
  test.each<[string, (all: any[]) => void]>([
    ["a namespace", edit("ConfigMap", ({ metadata }) => (metadata.namespace = "default"))],
    ["a ConfigMap", edit("ConfigMap", ({ metadata }) => (metadata.name = "other"))],
    [
      "a Secret of a volume",
      edit("Deployment", (o) => (podsOf(o).volumes[1].secret.secretName = "x")),
    ],
    [
      "a key of a Secret",
      edit("Deployment", (o) => (containerOf(o).env[0].valueFrom.secretKeyRef.key = "url")),
    ],
    ["a volume", edit("Deployment", (one) => (containerOf(one).volumeMounts[0].name = "other"))],
    ["a volume's use", edit("Deployment", (one) => containerOf(one).volumeMounts.pop())],
    [
      "a claim",
      edit("StatefulSet", ({ spec }) => (spec.volumeClaimTemplates[0].metadata.name = "x")),
    ],
    [
      "a probe's port",
      edit("Deployment", (o) => (containerOf(o).livenessProbe.httpGet.port = "web")),
    ],
    ["a Service's port", edit("Service", ({ spec }) => (spec.ports[0].targetPort = "sql"))],
    ["a Service's pods", edit("Service", ({ spec }) => (spec.selector = { app: "postgres" }))],
    ["a StatefulSet's Service", edit("StatefulSet", ({ spec }) => (spec.serviceName = "db"))],
    [
      "a Deployment's pods",
      edit("Deployment", ({ spec }) => (spec.selector.matchLabels = { app: "x" })),
    ],
    [
      "a budget's pods",
      edit("PodDisruptionBudget", ({ spec }) => (spec.selector.matchLabels = { app: "x" })),
    ],
    [
      "a policy's pods",
      edit("NetworkPolicy", ({ spec }) => (spec.podSelector.matchLabels = { app: "x" })),
    ],
    [
      "a policy's port",
      edit("NetworkPolicy", ({ spec }) => (spec.ingress[0].ports[0].port = "sql")),
    ],
  ])("%s that is not there would be found", (_what, change) => {
    expect(looseEnds(changed(manifests, change))).not.toEqual([]);
  });

  test("every pod is without root, rights, a way to write to its image, or a word to the cluster", () => {
    for (const one of manifests.filter(({ spec }) => spec?.template)) {
      const pod = podsOf(one);
      expect(pod.automountServiceAccountToken).toBe(false);
      expect(pod.securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: "RuntimeDefault" },
      });
      expect(containerOf(one).securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
      expect(containerOf(one).resources.limits.memory).toBeString();
    }
  });

  test("a new bridge is there before an old one goes, and nodes are drained one after the other", () => {
    expect(deployment.spec.strategy.rollingUpdate).toEqual({ maxSurge: 1, maxUnavailable: 0 });
    const { maxUnavailable } = only(manifests, "PodDisruptionBudget").spec;
    expect(maxUnavailable).toBeLessThan(deployment.spec.replicas);
  });
});

describe("Compose", () => {
  test("it is what the specification knows", () => expect(errorsOf(COMPOSE, compose)).toEqual([]));

  test.each<[string, (compose: any) => void]>([
    ["an unknown field", ({ services }) => (services.molecule.replicas = 3)],
    ["a wrong type", ({ services }) => (services.molecule.read_only = [true])],
    ["a wrong value", ({ services }) => (services.molecule.depends_on.postgres.condition = "up")],
    ["a missing field", ({ services }) => delete services.molecule.depends_on.postgres.condition],
  ])("%s would be found", (_what, change) => {
    expect(errorsOf(COMPOSE, changed(compose, change))).not.toEqual([]);
  });

  test("all that is referred to is there", () => expect(looseEndsOfCompose(compose)).toEqual([]));

  test("what a container gets whose image can't be written is a file", () => {
    expect(unmountable(compose)).toEqual([]);
    const inline = changed(compose, ({ configs }) => (configs.molecule = { content: "a: b" }));
    expect(unmountable(inline)).toEqual(["molecule: configs molecule is no file"]);
  });

  test.each<[string, (compose: any) => void]>([
    ["a secret", ({ secrets }) => delete secrets.store],
    ["a config", ({ configs }) => delete configs.molecule],
    ["a network", ({ networks }) => delete networks.store],
    ["a volume", ({ volumes }) => delete volumes.postgres],
    ["a service", ({ services }) => delete services.postgres],
  ])("%s that is not there would be found", (_what, change) => {
    expect(looseEndsOfCompose(changed(compose, change))).not.toEqual([]);
  });
});
