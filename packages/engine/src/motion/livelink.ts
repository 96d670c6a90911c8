/**
 * Takes of the app Live Link Face (Epic Games): a CSV of one row a frame, with the columns Timecode, BlendShapeCount, the 52
 * ARKit blendshapes in PascalCase and nine angles (head, left eye, right eye; radians) in any order and capitals.
 */
import { CHANNELS, type Channel } from "@smileloop/core/motion/motion.ts";
import { unreadable } from "./faults.ts";
import type { Take } from "./take.ts";

const HELP = "Use the CSV that Live Link Face saves with a take (mode ARKit), as it is.";
const COLUMNS = new Map<string, Channel>(
  CHANNELS.filter((name) => !/^(head|scale)/.test(name)).map((name) => [name.toLowerCase(), name]),
);
/** Fewer than these, and it is some other table. */
const LEAST_COLUMNS = 5;
const MAX_ROWS = 100_000;
/** The app's usual rate. */
const USUAL_RATE = 60;
const DEGREES = 180 / Math.PI;

export function isLiveLink(text: string): boolean {
  return /^\uFEFF?"?timecode"?\s*,/i.test(text.slice(0, 64));
}

/** Throws `input_unreadable`, which names the line and the column. */
export function readLiveLink(text: string): Take {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  while (lines.at(-1)?.trim() === "") lines.pop();
  const header = cells(lines[0] ?? "").map((name) => name.toLowerCase());
  const at = (name: string): number => header.indexOf(name.toLowerCase());
  const columns = [...COLUMNS].flatMap(([name, channel]) => (at(name) >= 0 ? [{ channel, column: at(name) }] : []));
  if (at("timecode") < 0) throw unreadable("its first line has no column Timecode", HELP);
  if (columns.length < LEAST_COLUMNS) {
    const missing = ["EyeBlinkLeft", "JawOpen", "MouthSmileLeft"].filter((name) => at(name) < 0);
    throw unreadable(`its first line has no columns ${missing.join(", ")}, so it does not hold blendshapes`, HELP);
  }
  if (lines.length < 2) throw unreadable("it has no line after the names of the columns", HELP);
  if (lines.length > MAX_ROWS) throw unreadable(`it has more than ${MAX_ROWS} lines`, HELP);
  const rows = lines.slice(1).map((line, i) => {
    const row = cells(line);
    if (row.length >= header.length) return row;
    throw unreadable(`line ${i + 2} has ${row.length} values where there are ${header.length} columns`, HELP);
  });
  const value = (row: string[], column: number, i: number): number => {
    const found = row[column]!.trim() === "" ? Number.NaN : Number(row[column]);
    if (Number.isFinite(found)) return found;
    throw unreadable(`line ${i + 2}, column ${header[column]}: "${row[column]!.slice(0, 20)}" is not a number`, HELP);
  };
  const read = (column: number): number[] => rows.map((row, i) => value(row, column, i));
  const channels: Take["channels"] = {};
  for (const { channel, column } of columns) channels[channel] = read(column);
  const angles = (name: string): number[] => (at(name) >= 0 ? read(at(name)) : rows.map(() => 0));
  const signs = signsOf(channels, angles("LeftEyeYaw"), angles("LeftEyePitch"));
  channels.headYaw = angles("HeadYaw").map((angle) => signs.yaw * angle * DEGREES);
  channels.headPitch = angles("HeadPitch").map((angle) => signs.pitch * angle * DEGREES);
  channels.headRoll = angles("HeadRoll").map((angle) => signs.yaw * angle * DEGREES);
  return { seconds: secondsOf(rows.map((row) => row[at("timecode")]!)), channels };
}

/**
 * The app turns ARKit's axes into Unreal's: yaw and roll change their sign, pitch keeps it. Its other formats and tools that
 * write the same CSV may not; but eyes and head are turned alike, and which way the eyes look the blendshapes say, too.
 */
function signsOf(channels: Take["channels"], eyeYaw: number[], eyePitch: number[]): { yaw: number; pitch: number } {
  const at = (name: Channel, i: number): number => channels[name]?.[i] ?? 0;
  const toLeft = eyeYaw.map((_, i) => at("eyeLookOutLeft", i) - at("eyeLookInLeft", i));
  const down = eyePitch.map((_, i) => at("eyeLookDownLeft", i) - at("eyeLookUpLeft", i));
  return { yaw: agreement(eyeYaw, toLeft) || -1, pitch: agreement(eyePitch, down) || 1 };
}

/** 1 or −1 where two curves plainly go together or against each other, else 0. */
function agreement(a: number[], b: number[]): number {
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [p, q] = [mean(a), mean(b)];
  const sum = (of: (i: number) => number): number => a.reduce((total, _, i) => total + of(i), 0);
  const together = sum((i) => (a[i]! - p) * (b[i]! - q));
  const size = Math.sqrt(sum((i) => (a[i]! - p) ** 2) * sum((i) => (b[i]! - q) ** 2));
  return size > 1e-4 && Math.abs(together / size) > 0.6 ? Math.sign(together) : 0;
}

/** From timecodes "HH:MM:SS:FF.fraction": frames are of 30 or 60 a second, which the highest number of a frame tells. */
function secondsOf(codes: string[]): number[] {
  const parsed = codes.map((code, i) => {
    const parts = /^\s*(\d+):(\d+):(\d+)[:;](\d+(?:\.\d+)?)\s*$/.exec(code);
    if (!parts) throw unreadable(`line ${i + 2}: "${code.slice(0, 20)}" is not a timecode HH:MM:SS:FF`, HELP);
    const [, hours, minutes, seconds, frame] = parts.map(Number) as [number, number, number, number, number];
    return { whole: hours * 3600 + minutes * 60 + seconds, frame };
  });
  const highest = Math.max(...parsed.map(({ frame }) => Math.floor(frame)));
  const fullSeconds = parsed.at(-1)!.whole - parsed[0]!.whole >= 2;
  const rate = fullSeconds && highest < 30 ? (highest < 24 ? 24 : 30) : USUAL_RATE;
  const times = parsed.map(({ whole, frame }) => whole + frame / rate);
  const seconds = times.map((time) => time - times[0]!);
  const steps = seconds.slice(1).map((time, i) => time - seconds[i]!);
  // Some tools write timecodes that stand still, go back, or run by a second a row: then the rows count.
  const sound = steps.every((step) => step >= 0 && step < 1) && seconds.at(-1)! > 0.2 * (steps.length / rate);
  return sound ? seconds : seconds.map((_, i) => i / USUAL_RATE);
}

function cells(line: string): string[] {
  return line.split(",").map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
}
