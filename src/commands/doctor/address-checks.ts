/** Where the platform is said to be, and the way there: the address, its name, the proxy. */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { parseApiUrl } from "../../platform/api-url.ts";
import { codeOf, ExitCode, messageOf } from "../../shared/errors.ts";
import { isLoopback } from "../../shared/proxy.ts";
import { GLOBALS } from "../globals.ts";
import { failed, ok, skipped, warning, type Check, type Finding } from "./check.ts";
import { dial } from "./dial.ts";
import type { Patient } from "./patient.ts";
import { chooseProxy, endOf, loginOf } from "./proxy-choice.ts";

export const address: Check = {
  name: "address",
  title: "the platform's address",
  without: "there is no address to ask",
  deadlineMs: 1_000,
  async run(patient) {
    const { context } = patient;
    const url = parseApiUrl(context.get(GLOBALS.apiUrl));
    patient.url = url;
    patient.proxy = chooseProxy(url, context.env);
    if (url.protocol === "http:" && !isLoopback(url.hostname)) {
      return warning(
        `${url.href} is not encrypted: tokens and messages go there in clear`,
        "Take https://, unless the way there is a private network.",
      );
    }
    return ok(url.href);
  },
};

export const dns: Check = {
  name: "dns",
  title: "the host's name",
  needs: ["address"],
  without: "the host name does not resolve",
  network: "only",
  deadlineMs: 5_000,
  async run(patient) {
    const { host } = endOf(urlOf(patient));
    if (isIP(host) !== 0) return ok(`${host} is an address already`);
    try {
      const found = await lookup(host, { all: true });
      const addresses = [...new Set(found.map(({ address: one }) => one))];
      return ok(`${host} is ${addresses.join(", ")}`);
    } catch (error) {
      const { proxy } = patient;
      // Then it is for the proxy to know it, which may know more.
      if (proxy.kind === "through") return skipped(`${host} is left to the proxy`);
      return failed(
        `the host name ${host} does not resolve (${codeOf(error) ?? messageOf(error)})`,
        "Check the spelling of --api-url, and this machine's network.",
        ExitCode.unreachable,
      );
    }
  },
};

export const proxy: Check = {
  name: "proxy",
  title: "the proxy",
  needs: ["address"],
  without: "the proxy does not answer",
  network: "only",
  deadlineMs: 4_000,
  async run(patient) {
    const choice = patient.proxy;
    if (choice.kind === "none") return ok("none is set for this address");
    if (choice.kind === "exempt") {
      const why = choice.by === undefined ? "it is this machine" : `${choice.by} names it`;
      return ok(`${choice.variable} does not apply to ${urlOf(patient).hostname}: ${why}`);
    }
    const { variable, address: at } = choice;
    if (at === undefined) {
      return warning(
        `${variable} holds no address, and is ignored`,
        `Correct ${variable}, or unset it.`,
      );
    }
    if (at.protocol !== "http:" && at.protocol !== "https:") {
      return failed(
        `${variable} names a proxy of the kind ${at.protocol.slice(0, -1)}, which is not spoken here`,
        `Name an http proxy, or take the platform's host out with NO_PROXY.`,
        ExitCode.usage,
      );
    }
    return await reachProxy(patient, variable, at);
  },
};

async function reachProxy(patient: Patient, variable: string, at: URL): Promise<Finding> {
  const { context } = patient;
  const login = loginOf(at);
  context.io.secrets.add(login?.password);
  const { host, port } = endOf(at);
  try {
    (await dial({ host, port })).destroy();
  } catch (error) {
    return failed(
      `the proxy ${host}:${port} of ${variable} does not answer (${codeOf(error) ?? messageOf(error)})`,
      `Correct ${variable}, or take the platform's host out with NO_PROXY.`,
      ExitCode.unreachable,
    );
  }
  return ok(
    `${host}:${port} of ${variable} stands between${login === undefined ? "" : ", with a login"}`,
  );
}

/** Set by the check of the address, which all of these rest on. */
export function urlOf({ url }: Patient): URL {
  if (url === undefined) throw new Error("the address was not checked");
  return url;
}
