/**
 * A browser opens six connections to a server, and a page that follows it holds one: two pages may go on
 * while nobody looks at them, the others hear again when they are looked at.
 */
const SEATS = 2;

/** Whether this page may go on unseen. What it takes is free again when it is closed. */
export async function takeSeat(): Promise<boolean> {
  for (let seat = 1; seat <= SEATS; seat++) if (await take(`molecule-seat-${seat}`)) return true;
  return false;
}

function take(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    const hold = (lock: Lock | null) => {
      resolve(lock !== null);
      // For as long as the page lives.
      return lock === null ? undefined : new Promise<void>(() => {});
    };
    // There are none where the page did not come from this machine or by HTTPS.
    if (navigator.locks === undefined) return resolve(false);
    navigator.locks.request(name, { ifAvailable: true }, hold).catch(() => resolve(false));
  });
}
