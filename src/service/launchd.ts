/** The property list of a service for launchd: an agent of a user, or a daemon of the system (launchd.plist(5)). */
import { SEAL, sealed } from "./seal.ts";
import { type ServiceSpec, STOP_MARGIN_SECS } from "./spec.ts";
import { element } from "./xml.ts";

/**
 * The text of the property list, with its mark. `label` names the service, `log` is the absolute path that its
 * output goes to. Throws a UsageError for a value that it can't hold.
 */
export function launchdPlist(spec: ServiceSpec, label: string, log: string): string {
  const { program, args, folder, graceSecs, runAs, scope } = spec;
  const system = scope === "system";
  const env = { ...spec.env, ...(runAs === undefined ? {} : { HOME: runAs.home }) };
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    "<!-- Written by `molecule service install`, which writes it anew for other settings. -->",
    `<!-- ${SEAL} -->`,
    '<plist version="1.0">',
    "<dict>",
    ...pair("Label", element("string", label)),
    ...pair("ProgramArguments", ...array([program, ...args])),
    ...pair("WorkingDirectory", element("string", folder)),
    ...(Object.keys(env).length === 0 ? [] : pair("EnvironmentVariables", ...dict(env))),
    ...(system && runAs !== undefined ? pair("UserName", element("string", runAs.name)) : []),
    ...pair("RunAtLoad", "<true/>"),
    "  <!-- Whatever its exit code, if it is not 0: launchd can't tell a refused token from a lost network. -->",
    ...pair("KeepAlive", "<dict>", "  <key>SuccessfulExit</key>", "  <false/>", "</dict>"),
    ...pair("ThrottleInterval", "<integer>30</integer>"),
    ...pair("ExitTimeOut", `<integer>${graceSecs + STOP_MARGIN_SECS}</integer>`),
    // In decimal: 077, so that what a service of the system writes is its user's alone.
    ...(system ? pair("Umask", "<integer>63</integer>") : []),
    ...pair("StandardOutPath", element("string", log)),
    ...pair("StandardErrorPath", element("string", log)),
    "</dict>",
    "</plist>",
  ];
  return sealed(`${lines.join("\n")}\n`);
}

function pair(key: string, ...value: readonly string[]): string[] {
  return [element("key", key), ...value].map((line) => `  ${line}`);
}

function array(texts: readonly string[]): string[] {
  return ["<array>", ...texts.map((text) => `  ${element("string", text)}`), "</array>"];
}

function dict(texts: Readonly<Record<string, string>>): string[] {
  const pairs = Object.entries(texts).flatMap(([name, text]) => [
    `  ${element("key", name)}`,
    `  ${element("string", text)}`,
  ]);
  return ["<dict>", ...pairs, "</dict>"];
}
