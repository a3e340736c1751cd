/** What the examples of scripts/deploy refer to and does not stand in them, which no schema tells. */
import { containerOf, podsOf } from "./deploy-files.ts";

/** What the manifests of one example name that none of them has, a phrase each. */
export function looseEnds(manifests: readonly any[]): string[] {
  const loose: string[] = [];
  const makers = manifests.filter(({ spec }) => spec?.template !== undefined);
  const isThere = (kind: string, name: string, key?: string) =>
    manifests.some(
      (one) =>
        one.kind === kind &&
        one.metadata.name === name &&
        (key === undefined || Object.hasOwn({ ...one.data, ...one.stringData }, key)),
    );
  const picked = (labels: Record<string, string>) =>
    makers.filter(({ spec }) =>
      Object.entries(labels).every(([key, value]) => spec.template.metadata.labels[key] === value),
    );
  const hasPort = (maker: any, port: string) =>
    containerOf(maker).ports.some(({ name }: any) => name === port);

  for (const manifest of manifests) {
    const { kind, metadata, spec } = manifest;
    const need = (holds: boolean, what: string) => {
      if (!holds) loose.push(`${kind} ${metadata.name}: ${what}`);
    };
    /** Some pods are picked, and have the ports. */
    const needPods = (labels: Record<string, string>, ports: string[] = []) => {
      need(picked(labels).length > 0, `no pods with ${JSON.stringify(labels)}`);
      for (const maker of picked(labels)) {
        for (const port of ports) need(hasPort(maker, port), `no port ${port}`);
      }
    };
    if (kind !== "Namespace") {
      need(isThere("Namespace", metadata.namespace), `no namespace ${metadata.namespace}`);
    }
    if (kind === "Service") {
      needPods(
        spec.selector,
        spec.ports.map(({ targetPort }: any) => targetPort),
      );
    }
    if (kind === "PodDisruptionBudget") needPods(spec.selector.matchLabels);
    if (kind === "NetworkPolicy") {
      const [{ from, ports }] = spec.ingress;
      needPods(
        spec.podSelector.matchLabels,
        ports.map(({ port }: any) => port),
      );
      for (const { podSelector } of from) needPods(podSelector.matchLabels);
    }
    if (makers.includes(manifest)) needParts(manifest, { need, isThere, hasPort });
    if (makers.includes(manifest)) {
      const { topologySpreadConstraints = [] } = podsOf(manifest);
      const spread = topologySpreadConstraints.map(({ labelSelector }: any) => labelSelector);
      for (const { matchLabels } of [spec.selector, ...spread]) {
        need(picked(matchLabels).includes(manifest), "its pods are not its own");
      }
    }
  }
  return loose;
}

interface Looks {
  need(holds: boolean, what: string): void;
  isThere(kind: string, name: string, key?: string): boolean;
  hasPort(maker: any, port: string): boolean;
}

/** Looks for what the pods of a Deployment or StatefulSet are made of. */
function needParts(maker: any, { need, isThere, hasPort }: Looks): void {
  const { volumes = [] } = podsOf(maker);
  const { serviceName, volumeClaimTemplates = [] } = maker.spec;
  const container = containerOf(maker);
  if (serviceName !== undefined) need(isThere("Service", serviceName), `no Service ${serviceName}`);
  for (const { valueFrom } of container.env) {
    if (valueFrom === undefined) continue;
    const { name, key } = valueFrom.secretKeyRef;
    need(isThere("Secret", name, key), `no key ${key} of a Secret ${name}`);
  }
  for (const { configMap, secret } of volumes) {
    if (configMap) need(isThere("ConfigMap", configMap.name), `no ConfigMap ${configMap.name}`);
    if (secret) need(isThere("Secret", secret.secretName), `no Secret ${secret.secretName}`);
  }
  const names = (all: any[]) => all.map(({ name }) => name);
  const made = [...names(volumes), ...names(volumeClaimTemplates.map((one: any) => one.metadata))];
  const used = names(container.volumeMounts);
  for (const name of used) need(made.includes(name), `no volume ${name}`);
  for (const name of made) need(used.includes(name), `the volume ${name} is not used`);
  for (const probe of ["startupProbe", "livenessProbe", "readinessProbe"]) {
    const { port } = container[probe]?.httpGet ?? {};
    if (port !== undefined) need(hasPort(maker, port), `${probe}: no port ${port}`);
  }
}

/** What the services of a Compose file name that it does not have. */
export function looseEndsOfCompose(compose: any): string[] {
  return Object.entries<any>(compose.services).flatMap(([service, one]) => {
    const { secrets = [], configs = [], networks = [], volumes = [], depends_on = {} } = one;
    // A path is mounted from nowhere else: a volume without a name.
    const sources = volumes.map((text: string) => text.split(":")[0]);
    const named: Record<string, string[]> = {
      secrets,
      configs: configs.map(({ source }: any) => source),
      networks: networks.filter((name: string) => name !== "default"),
      volumes: sources.filter((source: string) => !source.startsWith("/")),
      services: Object.keys(depends_on),
    };
    return Object.entries(named).flatMap(([kind, names]) =>
      names
        .filter((name) => !Object.hasOwn(compose[kind] ?? {}, name))
        .map((name) => `${service}: ${kind} has no ${name}`),
    );
  });
}

/**
 * The configs and secrets that Compose would have to write into a service whose root it may not write to: it refuses
 * that, and mounts files only (docker/compose, issue 12031). No schema knows.
 */
export function unmountable(compose: any): string[] {
  return Object.entries<any>(compose.services)
    .filter(([, { read_only }]) => read_only === true)
    .flatMap(([service, one]) =>
      ["configs", "secrets"].flatMap((kind) =>
        (one[kind] ?? [])
          .map((named: any) => named.source ?? named)
          .filter((name: string) => compose[kind][name].file === undefined)
          .map((name: string) => `${service}: ${kind} ${name} is no file`),
      ),
    );
}
