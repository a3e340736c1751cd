/** A service to write down, for the tests of each form. */
import type { ServiceSpec } from "../../../src/service/spec.ts";

export const ID = "0f8fad5b-d9cb-469f-a165-70867728950e";

export function spec(change: Partial<ServiceSpec> = {}): ServiceSpec {
  return {
    subject: { kind: "workspace", id: ID },
    scope: "user",
    program: "/usr/bin/molecule",
    args: ["connect", ID, "--backend", "mock"],
    folder: "/home/ann/agent",
    env: {},
    envFile: undefined,
    runAs: undefined,
    credential: undefined,
    storeFile: undefined,
    stateDir: undefined,
    graceSecs: 30,
    documentation: "https://example.com",
    ...change,
  };
}

/** The same for the system, with a token that is handed over. */
export function systemSpec(change: Partial<ServiceSpec> = {}): ServiceSpec {
  return spec({
    scope: "system",
    runAs: { name: "ann", home: "/home/ann" },
    credential: "/etc/molecule/token",
    args: ["connect", ID, "--backend", "mock", "--state-dir", `/var/lib/molecule/${ID}`],
    ...change,
  });
}
