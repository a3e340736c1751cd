/**
 * Bun in a bill of materials (CycloneDX 1.6), and the libraries that are linked into it under licences
 * of their own: those of Bun's page about its licence (a test compares them), and as it tells them.
 */

/** The package URL of the Bun that runs this, which is the one in the binary. */
export const BUN = `pkg:github/oven-sh/bun@bun-v${Bun.version}`;

/** Bun with its libraries as its parts. */
export function bunComponent(): object {
  return {
    type: "platform",
    "bom-ref": BUN,
    name: "bun",
    version: Bun.version,
    description:
      "The runtime in the binary, with its libraries linked statically and packages that stand in for Node's modules (MIT)",
    licenses: [{ license: { id: "MIT" } }],
    purl: BUN,
    externalReferences: [
      { type: "website", url: "https://bun.com" },
      {
        type: "license",
        url: `${SOURCE}/LICENSE.md`,
        comment: "Also how to link Bun with another JavaScriptCore, which is under the LGPL",
      },
    ],
    components: LIBRARIES.map(componentOf),
  };
}

/** Bun needs its libraries; which of them need each other is not known. */
export function bunDependencies(): object[] {
  const refs = LIBRARIES.map(refOf);
  return [
    { ref: BUN, dependsOn: refs },
    ...refs.map((ref) => ({ ref, dependsOn: [] as string[] })),
  ];
}

/** The names of the libraries, as Bun has them. */
export function libraryNames(): string[] {
  return LIBRARIES.map(({ name }) => name);
}

interface Library {
  name: string;
  url: string;
  /** An SPDX expression; or where many licences are collected. */
  licence: string | { name: string; url: string };
  /** Its name in process.versions, which has a commit or a version for some. */
  version?: string;
  note?: string;
}

const SOURCE = `https://github.com/oven-sh/bun/blob/bun-v${Bun.version}`;
const at = (path: string) => `https://github.com/${path}`;
const several = (url: string) => ({ name: "several licences", url });
const BORINGSSL = "https://boringssl.googlesource.com/boringssl";

const LIBRARIES: readonly Library[] = [
  {
    name: "JavaScriptCore",
    url: at("oven-sh/WebKit"),
    licence: "LGPL-2.0-or-later AND BSD-2-Clause",
    version: "webkit",
    note: "With the parts of WebKit that it needs",
  },
  {
    name: "boringssl",
    url: BORINGSSL,
    licence: several(`${BORINGSSL}/+/refs/heads/master/LICENSE`),
    version: "boringssl",
  },
  { name: "brotli", url: at("google/brotli"), licence: "MIT" },
  {
    name: "libarchive",
    url: at("libarchive/libarchive"),
    licence: several(at("libarchive/libarchive/blob/master/COPYING")),
    version: "libarchive",
  },
  {
    name: "lol-html",
    url: at("cloudflare/lol-html"),
    licence: "BSD-3-Clause",
    version: "lolhtml",
  },
  {
    name: "ls-hpack",
    url: at("litespeedtech/ls-hpack"),
    licence: "MIT AND BSD-2-Clause",
    version: "lshpack",
  },
  { name: "ls-qpack", url: at("litespeedtech/ls-qpack"), licence: "MIT" },
  { name: "lsquic", url: at("litespeedtech/lsquic"), licence: "MIT AND BSD-3-Clause" },
  { name: "mimalloc", url: at("microsoft/mimalloc"), licence: "MIT", version: "mimalloc" },
  {
    name: "picohttp",
    url: at("h2o/picohttpparser"),
    licence: "MIT OR Artistic-1.0-Perl OR GPL-1.0-or-later",
    version: "picohttpparser",
  },
  {
    name: "zstd",
    url: at("facebook/zstd"),
    licence: "BSD-3-Clause OR GPL-2.0-only",
    version: "zstd",
  },
  { name: "simdutf", url: at("simdutf/simdutf"), licence: "Apache-2.0" },
  {
    name: "tinycc",
    url: at("tinycc/tinycc"),
    licence: "LGPL-2.1-or-later",
    version: "tinycc",
  },
  { name: "uSockets", url: at("uNetworking/uSockets"), licence: "Apache-2.0" },
  { name: "zlib-ng", url: at("zlib-ng/zlib-ng"), licence: "Zlib", version: "zlib" },
  { name: "c-ares", url: at("c-ares/c-ares"), licence: "MIT", version: "ares" },
  {
    name: "libicu",
    url: at("unicode-org/icu"),
    licence: { name: "ICU licence", url: at("unicode-org/icu/blob/main/icu4c/LICENSE") },
    version: "icu",
  },
  { name: "libbase64", url: at("aklomp/base64"), licence: "BSD-2-Clause" },
  { name: "libuv", url: at("libuv/libuv"), licence: "MIT", note: "On Windows" },
  {
    name: "libdeflate",
    url: at("ebiggers/libdeflate"),
    licence: "MIT",
    version: "libdeflate",
  },
  {
    name: "libjpeg-turbo",
    url: at("libjpeg-turbo/libjpeg-turbo"),
    licence: "BSD-3-Clause AND IJG AND Zlib",
  },
  { name: "libspng", url: at("randy408/libspng"), licence: "BSD-2-Clause AND libpng-2.0" },
  { name: "libwebp", url: at("webmproject/libwebp"), licence: "BSD-3-Clause" },
  { name: "highway", url: at("google/highway"), licence: "Apache-2.0" },
  {
    name: "HdrHistogram_c",
    url: at("HdrHistogram/HdrHistogram_c"),
    licence: "CC0-1.0 OR BSD-2-Clause",
  },
  {
    name: "sqlite",
    url: "https://sqlite.org",
    licence: { name: "public domain", url: "https://sqlite.org/copyright.html" },
    version: "sqlite",
    note: "On Linux and Windows",
  },
  {
    name: "uWebsockets",
    url: at("jarred-sumner/uwebsockets"),
    licence: "Apache-2.0",
    note: "A fork",
  },
  {
    name: "Tigerbeetle's IO code",
    url: at("tigerbeetle/tigerbeetle"),
    licence: "Apache-2.0",
    note: "Parts of it",
  },
];

function componentOf(library: Library): object {
  const { name, url, licence, version, note } = library;
  const known = version === undefined ? undefined : process.versions[version];
  return {
    type: "library",
    "bom-ref": refOf(library),
    name,
    ...(known === undefined ? {} : { version: known }),
    ...(note === undefined ? {} : { description: note }),
    licenses: [licenceOf(licence)],
    externalReferences: [{ type: "website", url }],
  };
}

/** An expression and an identifier have different places in a bill. */
function licenceOf(licence: Library["licence"]): object {
  if (typeof licence !== "string") return { license: licence };
  return licence.includes(" ") ? { expression: licence } : { license: { id: licence } };
}

function refOf({ name }: Library): string {
  return `bun:${name}`;
}
