/** The SHA-256 hash (FIPS 180-4) of the bytes. */
export function sha256(bytes: Uint8Array): Buffer {
  return Bun.CryptoHasher.hash("sha256", bytes);
}
