/** Calls `work` again and again, one at a time, with a pause between; not while the page is hidden. Returns how to stop. */
export function poll(work: () => Promise<unknown>, every: number): () => void {
  let stopped = false;
  let timer: ReturnType<typeof setTimeout>;
  let pause = every;
  const turn = async () => {
    if (!document.hidden) {
      try {
        await work();
        pause = every;
      } catch {
        // The server is away: asks less and less often, at most every half minute, until it answers again.
        pause = Math.min(pause * 2, 30_000);
      }
    }
    if (!stopped) timer = setTimeout(turn, pause);
  };
  timer = setTimeout(turn, pause);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
