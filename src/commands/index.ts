/** The tree of commands, each loaded where its name is met. */
import { group } from "../cli/command.ts";
import { later } from "../cli/tree.ts";
import { NAME } from "../project.ts";

export const ROOT = group({
  name: NAME,
  summary: "connects an agent on your own machine to the Molecule AI platform",
  commands: [
    later(
      "connect",
      "answer a workspace's messages with a local backend",
      async () => (await import("./connect/connect.ts")).connect,
    ),
    later(
      "status",
      "show the bridges that run on this machine",
      async () => (await import("./status/status.ts")).status,
    ),
    later(
      "doctor",
      "find out what keeps a bridge from working",
      async () => (await import("./doctor/doctor.ts")).doctor,
    ),
    later(
      "workspace",
      "make, see and change workspaces",
      async () => (await import("./workspace/index.ts")).workspace,
    ),
    later(
      "token",
      "see, make and revoke tokens",
      async () => (await import("./token/index.ts")).token,
    ),
    later(
      "agent",
      "see agents, and talk to them",
      async () => (await import("./agent/index.ts")).agent,
    ),
    later(
      "platform",
      "see how the platform is",
      async () => (await import("./platform/index.ts")).platform,
    ),
    later(
      "backend",
      "see what can answer messages",
      async () => (await import("./backend/backend.ts")).backend,
    ),
    later(
      "config",
      "see and change what config files set",
      async () => (await import("./config/index.ts")).config,
    ),
    later(
      "init",
      "write a commented molecule.yaml for this folder",
      async () => (await import("./init.ts")).init,
    ),
    later(
      "dead-letter",
      "see, retry or drop the messages that were given up",
      async () => (await import("./dead-letter/dead-letter.ts")).deadLetter,
    ),
    later(
      "store",
      "see the Postgres that bridges share, and move local state into it",
      async () => (await import("./store/index.ts")).store,
    ),
    later(
      "service",
      "have the system start bridges and keep them running",
      async () => (await import("./service/index.ts")).service,
    ),
    later(
      "dev",
      "run a small platform on this machine, to try things out",
      async () => (await import("./dev/index.ts")).dev,
    ),
    later(
      "completion",
      "print a script that completes command lines in a shell",
      async () => (await import("./completion/completion.ts")).completion,
    ),
  ],
  examples: ["molecule dev", "molecule connect <workspace-id> --token-file ./token"],
});
