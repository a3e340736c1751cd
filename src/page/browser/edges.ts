/** What the page takes from the world: the network, time, and the next frame of the screen. */

export const now = (): number => Date.now();

export const call = (path: string, init: RequestInit): Promise<Response> => fetch(path, init);

/** Does it once after `ms`; the result takes it back. */
export function after(ms: number, work: () => void): () => void {
  const timer = setTimeout(work, ms);
  return () => clearTimeout(timer);
}

/** Does it again and again; the result ends that. */
export function every(ms: number, work: () => void): () => void {
  const timer = setInterval(work, ms);
  return () => clearInterval(timer);
}

/** A page that nobody sees is not painted: what is due is done after so long all the same. */
const UNPAINTED_MS = 250;

/** A function that does it before the next frame is painted, however often it is called until then. */
export function beforePaint(work: () => void): () => void {
  let isDue = false;
  return () => {
    if (isDue) return;
    isDue = true;
    const once = () => {
      if (!isDue) return;
      isDue = false;
      cancelAnimationFrame(frame);
      cancel();
      work();
    };
    const frame = requestAnimationFrame(once);
    const cancel = after(UNPAINTED_MS, once);
  };
}
