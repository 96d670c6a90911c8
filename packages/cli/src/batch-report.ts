/** How far a batch is: a bar with the time left on a terminal, a line at each quarter elsewhere, nothing when `quiet`. */

export type BatchReport = {
  /** `done`: recipients who have their files, or will not get any. */
  update(done: number, failed: number): void;
  /** Leaves the terminal as it was found. */
  stop(): void;
};

type Options = { total: number; quiet: boolean; bar: boolean; now?: () => number; write?: (text: string) => void };

export async function createBatchReport(options: Options): Promise<BatchReport> {
  if (options.quiet) return { update() {}, stop() {} };
  return options.bar ? await batchBar(options) : batchLines(options);
}

async function batchBar({ total }: Options): Promise<BatchReport> {
  const { default: cliProgress } = await import("cli-progress");
  const format = "{bar} {value}/{total} recipients{lost}{left}";
  const bar = new cliProgress.SingleBar(
    { format, stream: process.stderr, clearOnComplete: true, hideCursor: true },
    cliProgress.Presets.shades_classic,
  );
  const left = estimator(total, performance.now.bind(performance));
  bar.start(total, 0, { lost: "", left: "  Looking at the video" });
  return {
    update: (done, failed) => {
      bar.update(done, { lost: failed > 0 ? `, ${failed} failed` : "", left: leftOf(left(done)) });
    },
    stop: () => bar.stop(),
  };
}

function batchLines({ total, now = performance.now.bind(performance), write }: Options): BatchReport {
  const say = write ?? ((text: string) => process.stderr.write(text));
  const left = estimator(total, now);
  let last = -1;
  return {
    update(done, failed) {
      const quarter = Math.floor((done * 4) / total);
      const remaining = leftOf(left(done));
      if (quarter === last) return;
      last = quarter;
      say(`Recipients: ${done} of ${total}${failed > 0 ? `, ${failed} failed` : ""}${remaining}\n`);
    },
    stop() {},
  };
}

/** Seconds left, by the pace since the first recipient was done: what comes before it is no measure. Null where nothing is known. */
export function estimator(total: number, now: () => number): (done: number) => number | null {
  let first: { atMs: number; done: number } | null = null;
  return (done) => {
    if (done === 0) return null;
    first ??= { atMs: now(), done };
    if (done === first.done || done >= total) return null;
    return ((now() - first.atMs) / (done - first.done) / 1000) * (total - done);
  };
}

function leftOf(seconds: number | null): string {
  if (seconds === null) return "";
  if (seconds < 90) return `, about ${Math.max(1, Math.round(seconds))} s left`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `, about ${minutes} min left` : `, about ${Math.round(minutes / 60)} h left`;
}
