/** What a command says: exit codes, the JSON of `--json`, and progress on stderr. */
import type { Progress } from "@smileloop/core/job/record.ts";

export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

export type ProgressReport = {
  update(progress: Progress): void;
  /** Leaves the terminal as it was found. */
  stop(): void;
};

const STAGES: Record<string, string> = {
  queued: "Starting",
  download: "Reading the files",
  motion: "Reading the motion",
  say: "Saying the text",
  voice: "Saying the text",
  listen: "Listening to the sound",
  mix: "Mixing the sound",
  decode: "Reading the photo",
  probe: "Reading the video",
  detect: "Looking for the face",
  render: "Rendering",
  encode: "Encoding",
  check: "Checking the result",
  upload: "Checking the result",
  done: "Done",
};

/** A bar on a terminal, a line at each quarter elsewhere, nothing when `quiet`. */
export async function createProgressReport(options: { quiet: boolean; bar: boolean }): Promise<ProgressReport> {
  if (options.quiet) return { update() {}, stop() {} };
  return options.bar ? await progressBar() : progressLines((line) => process.stderr.write(line));
}

async function progressBar(): Promise<ProgressReport> {
  const { default: cliProgress } = await import("cli-progress");
  const bar = new cliProgress.SingleBar(
    { format: "{bar} {percentage} %  {stage}", stream: process.stderr, clearOnComplete: true, hideCursor: true },
    cliProgress.Presets.shades_classic,
  );
  bar.start(100, 0, { stage: "Starting" });
  return {
    update: ({ percent, stage }) => bar.update(Math.round(percent), { stage: STAGES[stage] ?? stage }),
    stop: () => bar.stop(),
  };
}

function progressLines(write: (line: string) => void): ProgressReport {
  let last = "";
  return {
    update({ percent, stage }) {
      const line = `${STAGES[stage] ?? stage}: ${Math.floor(percent / 25) * 25} %\n`;
      if (line !== last) write(line);
      last = line;
    },
    stop() {},
  };
}
