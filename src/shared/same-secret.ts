/**
 * Whether two texts are the same, in a time that says nothing of how much of them is. Their digests
 * are compared, so that their lengths stay unknown as well.
 */
export function isSameSecret(a: string, b: string): boolean {
  return crypto.timingSafeEqual(digest(a), digest(b));
}

function digest(text: string): Uint8Array {
  return new Bun.CryptoHasher("sha256").update(text).digest();
}
