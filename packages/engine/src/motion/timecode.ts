/** Times of the rows of a take, from timecodes "HH:MM:SS:FF.fraction" whose frames a second nothing names. */
import type { Warning } from "@smileloop/core/errors.ts";
import { quoted, unreadable } from "./faults.ts";

/** Frames a second that timecodes count in. */
const RATES = [10, 12, 15, 20, 24, 25, 30, 48, 50, 60, 90, 100, 120];
/** The app's usual rate. */
const USUAL_RATE = 60;
const DAY_SECONDS = 24 * 3600;

type Code = { whole: number; frame: number };

/** Throws `input_unreadable`, which names the line. Warns where the rate had to be guessed. */
export function timesOf(codes: string[], help: string): { seconds: number[]; warnings: Warning[] } {
  const parsed = codes.map((code, i) => parse(code, i + 2, help));
  const rate = rateOf(parsed);
  const times = parsed.map(({ whole, frame }) => whole + frame / (rate ?? USUAL_RATE));
  const seconds = times.map((time) => time - times[0]! + (time < times[0]! - DAY_SECONDS / 2 ? DAY_SECONDS : 0));
  const steps = seconds.slice(1).map((time, i) => time - seconds[i]!);
  // Some tools write timecodes that stand still, go back, or run by a second a row: then the rows count.
  const usable = steps.every((step) => step >= 0 && step < 1) && seconds.at(-1)! > 0.2 * (steps.length / USUAL_RATE);
  if (!usable) return { seconds: seconds.map((_, i) => i / USUAL_RATE), warnings: [guessed("do not run on evenly")] };
  return { seconds, warnings: rate === undefined ? [guessed("do not reach the end of a second")] : [] };
}

function guessed(why: string): Warning {
  const detail = `The timecodes of the driving clip ${why}, so ${USUAL_RATE} frames a second are assumed.`;
  return { code: "driving_rate_assumed", detail };
}

function parse(code: string, line: number, help: string): Code {
  const parts = /^\s*(\d{1,6}):(\d{1,6}):(\d{1,6})[:;](\d{1,6}(?:\.\d+)?)\s*$/.exec(code);
  if (!parts) throw unreadable(`line ${line}: ${quoted(code)} is not a timecode HH:MM:SS:FF`, help);
  const [, hours, minutes, seconds, frame] = parts.map(Number) as [number, number, number, number, number];
  return { whole: hours * 3600 + minutes * 60 + seconds, frame };
}

/** Seconds end with their highest frame, or one that is near to it where some are left out. Undefined where none ends. */
function rateOf(codes: Code[]): number | undefined {
  const highest = codes.reduce((most, { frame }) => Math.max(most, Math.floor(frame)), 0);
  const ends = codes.some(({ whole }) => whole !== codes[0]!.whole);
  const rate = RATES.find((candidate) => candidate > highest) ?? highest + 1;
  return ends || rate >= USUAL_RATE ? rate : undefined;
}
