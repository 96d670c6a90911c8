/** How many frames a processed video has, and when they are shown. Pure. */
import type { FilmResult } from "@smileloop/core/engine/speech-services.ts";
import type { ProcessVideoRun } from "@smileloop/core/engine/tasks/process.ts";
import type { Warning } from "@smileloop/core/errors.ts";
import { MOTION_LIMITS } from "@smileloop/core/motion/motion.ts";
import { toThousandths } from "@smileloop/core/rounding.ts";
import { syncedTimes } from "@smileloop/core/speech/sync.ts";

/** Frames a second that are written. */
const RATES = { least: 1, most: 120 };

/** `seconds`: of the result. `fps`: that was asked for. `steady`: frames have to be evenly apart. */
type Asked = { seconds: number; fps: number | null; steady: boolean };
type Timing = Pick<ProcessVideoRun["params"]["spec"], "fps" | "frames"> & {
  /** Absent where frames are evenly apart. */
  times?: number[];
  warnings: Warning[];
};

/** The target's own frames at their own times where nothing else is asked for, or else evenly apart. */
export function timingOf(film: FilmResult, { seconds, fps, steady }: Asked): Timing {
  const rate = fps ?? Math.min(RATES.most, Math.max(RATES.least, film.fps));
  const own = fps === null && !steady && film.fps === rate ? film.stamps : undefined;
  const times = own && syncedTimes({ mode: "cut_off", video: film.seconds, sound: seconds }, own);
  if (times && times.length > 1 && times.length <= MOTION_LIMITS.frames + 1) {
    const frames = times.length - 1;
    return { fps: frames / times.at(-1)!, frames, times, warnings: [] };
  }
  const frames = Math.max(1, Math.round(seconds * rate));
  return { fps: rate, frames, warnings: fps === null ? warningsOfRate(film, rate) : [] };
}

function warningsOfRate({ fps, even }: FilmResult, rate: number): Warning[] {
  if (even && rate === fps) return [];
  const why = even ? `not ${toThousandths(fps)}` : "all equally far apart: in the target their distance varies";
  return [{ code: "fps_adjusted", detail: `The result has ${toThousandths(rate)} frames a second, ${why}.` }];
}
