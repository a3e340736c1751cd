/** What a unit may not do. The comments go into the unit, for whoever has to change it. */
import type { ServiceSpec } from "./spec.ts";
import { listedPath } from "./systemd-words.ts";

/** The settings for this service, a line each. */
export function hardening(spec: ServiceSpec): string[] {
  return [...forAll(), ...(spec.scope === "user" ? forUser() : forSystem(spec))];
}

function forAll(): string[] {
  return [
    "# Hardening. Left out, since agents could not work with it: MemoryDenyWriteExecute= (this program and",
    "# most agents make code as they run), RestrictNamespaces= (agents fence their commands in with them).",
    "# No core dumps: they would hold the token.",
    "LimitCORE=0",
    "NoNewPrivileges=yes",
    "LockPersonality=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
    "SystemCallArchitectures=native",
    "SystemCallFilter=~@clock @cpu-emulation @module @obsolete @raw-io @reboot @swap",
    "SystemCallErrorNumber=EPERM",
  ];
}

function forUser(): string[] {
  return [
    "# The agent works in your home as you do, with your umask. What would need a mount namespace",
    "# (ProtectSystem=, PrivateTmp=) is left out: without privileges not every system grants one.",
  ];
}

function forSystem({ runAs, folder, stateDir }: ServiceSpec): string[] {
  const home = runAs === undefined || runAs.home === "/" ? [] : [runAs.home];
  const writable = [...new Set([...home, folder, ...(stateDir === undefined ? [] : [stateDir])])];
  return [
    "UMask=0077",
    "CapabilityBoundingSet=",
    "AmbientCapabilities=",
    "# All is read-only but the state, the working folder and the home: agents keep their logins there.",
    "ProtectSystem=strict",
    `ReadWritePaths=${writable.map((path) => listedPath(`-${path}`)).join(" ")}`,
    "ProtectHome=no",
    "PrivateTmp=yes",
    "ProtectProc=invisible",
    "ProtectKernelTunables=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelLogs=yes",
    "ProtectControlGroups=yes",
    "ProtectHostname=yes",
    "KeyringMode=private",
    "# Left out for local models, which need them: PrivateDevices=, ProtectClock= (closes devices, too).",
  ];
}
