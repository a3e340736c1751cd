/** The examples of scripts/deploy as they are read. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { ROOT } from "../../scripts/set-up.ts";

/** All of Kubernetes, the secrets with their placeholders included. */
export const manifests: readonly any[] = [
  "kubernetes.yaml",
  "kubernetes-postgres.yaml",
  "kubernetes-secrets.yaml",
].flatMap(documentsOf);

export const [compose] = documentsOf("compose.yaml");

/** The text of a file that one of them names. */
export function fileBeside(name: string): string {
  return readFileSync(join(ROOT, "scripts/deploy", name), "utf8");
}

/** The documents of a file. A double key, or a name of another document, is an error. */
function documentsOf(name: string): any[] {
  const documents = parseAllDocuments(fileBeside(name));
  return [...documents].map((one) => {
    if (one.errors[0] !== undefined) throw one.errors[0];
    return one.toJS();
  });
}

/** The one manifest of the kind, and of the name where that is given; throws where there is not one. */
export function only(manifests: readonly any[], kind: string, name?: string): any {
  const [found, ...others] = manifests.filter(
    (one) => one.kind === kind && (name === undefined || one.metadata.name === name),
  );
  if (found === undefined || others.length > 0) throw new Error(`not one ${kind} ${name ?? ""}`);
  return found;
}

/** What the pods of a Deployment or StatefulSet are like. */
export function podsOf(manifest: any): any {
  return manifest.spec.template.spec;
}

/** Their only container. */
export function containerOf(manifest: any): any {
  return podsOf(manifest).containers[0];
}
