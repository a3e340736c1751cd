/** Certificates of a made-up authority, for servers that a test wants trusted, expired or misnamed. */
import { createHash, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { isIPv4 } from "node:net";

/** A certificate in PEM with its private key. */
export interface Certified {
  cert: string;
  key: string;
}

export interface Wanted {
  /** Host names and IPv4 addresses. */
  names: readonly string[];
  notBefore?: Date;
  notAfter?: Date;
}

const DAY_MS = 24 * 3_600_000;

/** An authority that nobody trusts but who is told of it. */
export class Authority {
  /** Its own certificate, in PEM. */
  readonly cert: string;
  readonly #name: string;
  readonly #keys = generateKeyPairSync("ec", { namedCurve: "P-256" });

  constructor(name = "Made-up Authority") {
    this.#name = name;
    this.cert = pem(
      "CERTIFICATE",
      certificate({
        subject: name,
        issuer: name,
        publicKey: this.#keys.publicKey,
        signer: this.#keys.privateKey,
        from: new Date(Date.now() - DAY_MS),
        until: new Date(Date.now() + 3650 * DAY_MS),
        extensions: [
          // Critical: it may certify others.
          extension([2, 5, 29, 19], sequence(bool(true)), true),
          extension([2, 5, 29, 14], tlv(0x04, keyId(this.#keys.publicKey))),
        ],
      }),
    );
  }

  /** A certificate for a server, good for a year where nothing else is said. */
  certify({ names, notBefore, notAfter }: Wanted): Certified {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const der = certificate({
      subject: names[0] ?? "nobody",
      issuer: this.#name,
      publicKey,
      signer: this.#keys.privateKey,
      from: notBefore ?? new Date(Date.now() - DAY_MS),
      until: notAfter ?? new Date(Date.now() + 365 * DAY_MS),
      extensions: [
        extension([2, 5, 29, 17], sequence(...names.map(generalName))),
        extension([2, 5, 29, 35], sequence(tlv(0x80, keyId(this.#keys.publicKey)))),
      ],
    });
    return {
      cert: pem("CERTIFICATE", der),
      key: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    };
  }
}

interface Parts {
  subject: string;
  issuer: string;
  publicKey: KeyObject;
  signer: KeyObject;
  from: Date;
  until: Date;
  extensions: Buffer[];
}

/** RFC 5280, 4.1, with ECDSA and SHA-256. */
function certificate(parts: Parts): Buffer {
  const algorithm = sequence(oid([1, 2, 840, 10045, 4, 3, 2]));
  const serial = crypto.getRandomValues(Buffer.alloc(8));
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const signed = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))),
    tlv(0x02, serial),
    algorithm,
    nameOf(parts.issuer),
    sequence(time(parts.from), time(parts.until)),
    nameOf(parts.subject),
    parts.publicKey.export({ type: "spki", format: "der" }) as Buffer,
    tlv(0xa3, sequence(...parts.extensions)),
  );
  const signature = sign("sha256", signed, parts.signer);
  return sequence(signed, algorithm, tlv(0x03, Buffer.concat([Buffer.from([0]), signature])));
}

function nameOf(text: string): Buffer {
  return sequence(tlv(0x31, sequence(oid([2, 5, 4, 3]), tlv(0x0c, Buffer.from(text)))));
}

function generalName(name: string): Buffer {
  return isIPv4(name)
    ? tlv(0x87, Buffer.from(name.split(".").map(Number)))
    : tlv(0x82, Buffer.from(name));
}

function extension(id: number[], value: Buffer, critical = false): Buffer {
  return sequence(oid(id), ...(critical ? [bool(true)] : []), tlv(0x04, value));
}

function keyId(key: KeyObject): Buffer {
  return createHash("sha1")
    .update(key.export({ type: "spki", format: "der" }) as Buffer)
    .digest();
}

function time(date: Date): Buffer {
  const text = date.toISOString().replace(/[-:T]|\.\d+/g, "");
  return tlv(0x18, Buffer.from(text));
}

function bool(value: boolean): Buffer {
  return tlv(0x01, Buffer.from([value ? 0xff : 0]));
}

function oid([first = 0, second = 0, ...rest]: number[]): Buffer {
  const bytes = [first * 40 + second];
  for (const part of rest) {
    const groups = [part & 0x7f];
    for (let left = part >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return tlv(0x06, Buffer.from(bytes));
}

function sequence(...parts: Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}

/** Tag, length, value (X.690). */
function tlv(tag: number, value: Buffer): Buffer {
  const size = value.length;
  const length =
    size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), value]);
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
