/** So many bytes in millions, such as `114.8`; empty where there is no figure (NaN). */
export function megabytes(bytes: number): string {
  return Number.isNaN(bytes) ? "" : (bytes / 1e6).toFixed(1);
}
