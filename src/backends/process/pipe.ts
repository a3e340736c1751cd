/** Reads a pipe to its end, or until cancelled. A pipe that fails has ended. */
export function drainPipe(pipe: ReadableStream<Uint8Array>, take: (chunk: Uint8Array) => void) {
  const reader = pipe.getReader();
  const read = async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      take(value);
    }
  };
  return {
    done: read().catch(() => {}),
    cancel: () => void reader.cancel().catch(() => {}),
  };
}
