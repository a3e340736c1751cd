/** The platform's certificate: trusted, of this name, and for how long still. */
import type { PeerCertificate } from "node:tls";
import { codeOf, ExitCode, messageOf } from "../../shared/errors.ts";
import { authorities, systemAuthorities } from "../access/http-parts.ts";
import { GLOBALS } from "../globals.ts";
import { urlOf } from "./address-checks.ts";
import { failed, ok, skipped, warning, type Check, type Finding } from "./check.ts";
import { dial, shakeHands, tunnel, type Handshake } from "./dial.ts";
import type { Patient } from "./patient.ts";
import { endOf } from "./proxy-choice.ts";

const DAY_MS = 24 * 3_600_000;
/** Time enough to renew one without haste. */
const SOON_MS = 14 * DAY_MS;

const UNTRUSTED =
  "Have the server send its whole chain; or name a file with the authority's certificate: --ca-file.";

export const certificate: Check = {
  name: "certificate",
  title: "the platform's certificate",
  needs: ["address", "dns", "proxy"],
  without: "the platform's certificate is not accepted",
  network: "only",
  deadlineMs: 5_000,
  async run(patient) {
    // Even where nothing is encrypted: every call would end with it.
    const ours = await authorities(patient.context.get(GLOBALS.caFile));
    const url = urlOf(patient);
    if (url.protocol !== "https:") return skipped("nothing is encrypted under http://");
    if (patient.proxy.kind === "through" && patient.proxy.address?.protocol === "https:") {
      return skipped("it can't be looked at through a proxy that is encrypted itself");
    }
    const { host, port } = endOf(url);
    let shown: Handshake;
    try {
      const socket = await connection(patient, { host, port });
      try {
        shown = await shakeHands(socket, host, ours ?? systemAuthorities());
      } finally {
        socket.destroy();
      }
    } catch (error) {
      return unshown(error, url);
    }
    return judge(shown, host, patient);
  },
};

async function connection({ proxy }: Patient, end: { host: string; port: number }) {
  if (proxy.kind !== "through" || proxy.address === undefined) return dial(end);
  return tunnel(proxy.address, endOf(proxy.address), end);
}

function unshown(error: unknown, url: URL): Finding {
  const code = codeOf(error) ?? messageOf(error);
  if (/^(ERR_SSL_|EPROTO)/.test(code)) {
    return failed(
      `${url.host} does not speak TLS (${code})`,
      "Take http:// for a platform that is not encrypted, or its other port.",
      ExitCode.usage,
    );
  }
  // A refusal of the proxy has its own words.
  if (codeOf(error) === undefined) throw error;
  return skipped(`${url.host} shows none (${code})`);
}

function judge(shown: Handshake, host: string, patient: Patient): Finding {
  const { certificate: cert, problem } = shown;
  const finding = problem === undefined ? lasting(cert, patient) : refused(cert, problem, host);
  if (patient.context.env["NODE_TLS_REJECT_UNAUTHORIZED"] !== "0") return finding;
  return warning(
    `NODE_TLS_REJECT_UNAUTHORIZED=0 has every certificate accepted, anybody's; this one: ${finding.detail}`,
    "Unset it; --ca-file names authorities to trust.",
  );
}

function lasting(cert: PeerCertificate, { clock }: Patient): Finding {
  const left = Date.parse(cert.valid_to) - clock.now();
  const until = `until ${day(cert.valid_to)}`;
  if (Number.isNaN(left) || left > SOON_MS) return ok(`trusted, ${until}`);
  const days = Math.max(0, Math.floor(left / DAY_MS));
  return warning(
    `trusted, but only ${until}: ${days} day${days === 1 ? "" : "s"} left`,
    "Renew it; afterwards no bridge gets through.",
  );
}

function refused(cert: PeerCertificate, problem: string, host: string): Finding {
  const no = (detail: string, hint: string) => failed(detail, hint, ExitCode.unreachable);
  switch (problem) {
    case "CERT_HAS_EXPIRED":
      return no(
        `the certificate of ${host} was good until ${day(cert.valid_to)}`,
        "The platform's operator must renew it; or this machine's clock is wrong.",
      );
    case "CERT_NOT_YET_VALID":
      return no(
        `the certificate of ${host} is good from ${day(cert.valid_from)} on`,
        "Most often this machine's clock is wrong.",
      );
    case "ERR_TLS_CERT_ALTNAME_INVALID": {
      const names = cert.subjectaltname?.replace(/\b(DNS|IP Address):/g, "") ?? cert.subject?.CN;
      return no(
        `the certificate is for ${String(names)}, not for ${host}`,
        "Give the name that it is for in --api-url, or have its names mended.",
      );
    }
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
      return no(`the certificate of ${host} is signed by itself`, UNTRUSTED);
    default: {
      const issuer = cert.issuer?.CN ?? cert.issuer?.O;
      const by = issuer === undefined ? "" : ` by ${String(issuer)}`;
      return no(`the certificate of ${host}, signed${by}, is not trusted (${problem})`, UNTRUSTED);
    }
  }
}

/** `Nov 26 17:29:22 2026 GMT` as a day. */
function day(text: string): string {
  const at = Date.parse(text);
  return Number.isNaN(at) ? text : new Date(at).toISOString().slice(0, 10);
}
