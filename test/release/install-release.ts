/** Made-up releases, as files by their names, and a server that offers them. */
import { basename } from "node:path";
import { Bell } from "../harness/wait.ts";
import { REPOSITORY } from "../../src/project.ts";

export const VERSION = "9.9.9";
export const PLATFORM = "linux_amd64";
/** The repository that the script installs from. */
export const RELEASES = `${new URL(REPOSITORY).pathname}/releases`;

export type Files = Record<string, string | Uint8Array>;

export interface Member {
  name: string;
  body?: string | Uint8Array;
  /** One that leads there, in place of a file. */
  link?: { to: string; hard?: boolean };
}

/** What the tool says of itself, and what it bears of its package.json: enough for an installer. */
export function program(version = VERSION): string {
  return `#!/bin/sh\n# ${bearing(version)}\necho "molecule ${version} (abcdef0)"\n`;
}

function bearing(version: string): string {
  return `{name:"molecule",version:"${version}",repository:{url:"git+${REPOSITORY}.git"}}`;
}

export function archiveName(version = VERSION, platform = PLATFORM): string {
  return `molecule_${version}_${platform}.tar.gz`;
}

/** A whole release: the archive of one platform, and the list of its sum. */
export function release(
  options: { version?: string; platform?: string; members?: Member[] } = {},
): Files {
  const { version = VERSION, platform = PLATFORM } = options;
  const members = options.members ?? [
    { name: "README.md", body: "# molecule\n" },
    { name: "molecule", body: program(version) },
    { name: "completions/molecule.bash", body: "" },
  ];
  return listed({ [archiveName(version, platform)]: archive(members) });
}

/** The files with a list of their sums beside them. */
export function listed(files: Files): Files {
  const lines = Object.entries(files).map(([name, body]) => `${sha256(body)}  ${name}\n`);
  return { ...files, "checksums.txt": lines.join("") };
}

/** A gzipped tar, of which any tool would refuse to make some. */
export function archive(members: Member[]): Uint8Array<ArrayBuffer> {
  const blocks = members.flatMap(({ name, body = "", link }) => {
    const bytes = Buffer.from(body);
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write("0000755\0", 100);
    header.write("0000000\0".repeat(2), 108);
    header.write(`${bytes.length.toString(8).padStart(11, "0")}\0`, 124);
    header.write("00000000000\0        ", 136);
    header.write(link === undefined ? "0" : link.hard ? "1" : "2", 156);
    header.write(link?.to ?? "", 157);
    header.write("ustar\x0000", 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return Bun.gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]), { level: 1 });
}

/** A zip that holds one file as it is. */
export function zip(name: string, body: Buffer): Uint8Array {
  const common = Buffer.alloc(26);
  common.writeUInt16LE(20, 0);
  common.writeUInt32LE(Bun.hash.crc32(body), 10);
  common.writeUInt32LE(body.length, 14);
  common.writeUInt32LE(body.length, 18);
  common.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, Buffer.from(name)]);
  const central = Buffer.concat([
    Buffer.from("PK\x01\x02\x14\0"),
    common,
    Buffer.alloc(14),
    Buffer.from(name),
  ]);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06");
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length + body.length, 16);
  return Buffer.concat([local, body, central, end]);
}

export function sha256(bytes: string | Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}

type Answer = (request: Request) => Response;

/** Serves files by their paths; a test may put an answer of its own in place of one. */
export class ReleaseServer implements Disposable {
  /** The paths asked for, in their order. */
  readonly asked: string[] = [];
  readonly answers = new Map<string, Answer>();
  readonly #bell = new Bell();
  readonly #server: Bun.Server<undefined>;

  constructor(files: Files = {}, folder = "") {
    this.offer(files, folder);
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      idleTimeout: 0,
      fetch: (request) => {
        const { pathname } = new URL(request.url);
        this.asked.push(pathname);
        this.#bell.ring();
        return this.answers.get(pathname)?.(request) ?? new Response("no", { status: 404 });
      },
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  offer(files: Files, folder = ""): void {
    for (const [name, body] of Object.entries(files)) {
      this.answers.set(`${folder}/${name}`, () => new Response(Buffer.from(body)));
    }
  }

  /** The last parts of the paths asked for. */
  get names(): string[] {
    return this.asked.map((path) => basename(path));
  }

  /** Resolves once any of them was asked for. */
  untilAsked(...names: string[]): Promise<void> {
    const asked = () => this.names.some((name) => names.includes(name));
    return this.#bell.until(asked, `a request for ${names.join(" or ")}`);
  }

  [Symbol.dispose](): void {
    void this.#server.stop(true);
  }
}
