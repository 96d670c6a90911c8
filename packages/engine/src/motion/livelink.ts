/**
 * Takes of the app Live Link Face (Epic Games): a CSV of one row a frame, with the columns Timecode, BlendShapeCount, the 52
 * ARKit blendshapes in PascalCase and nine angles (head, left eye, right eye; radians) in any order and capitals.
 */
import { CHANNELS, type Channel } from "@smileloop/core/motion/motion.ts";
import { quoted, unreadable } from "./faults.ts";
import type { Take } from "./take.ts";
import { timesOf } from "./timecode.ts";

const HELP = "Use the CSV that Live Link Face saves with a take (mode ARKit), as it is.";
const COLUMNS = new Map<string, Channel>(
  CHANNELS.filter((name) => !/^(head|scale)/.test(name)).map((name) => [name.toLowerCase(), name]),
);
const ANGLES = ["headyaw", "headpitch", "headroll", "lefteyeyaw", "lefteyepitch"];
/** Fewer than these, and it is some other table. */
const LEAST_COLUMNS = 5;
const MAX_COLUMNS = 500;
const MAX_LINE = 16_384;
const MAX_ROWS = 100_000;
/** Blendshapes are 0–1, and calibrated ones a little more; what is far beyond is in another unit, or another column. */
const MAX_BLENDSHAPE = 10;
const MAX_ANGLE = 2 * Math.PI;
const DEGREES = 180 / Math.PI;

export function isLiveLink(text: string): boolean {
  return /^"?timecode"?\s*,/i.test(text.slice(0, 64));
}

/** Throws `input_unreadable`, which names the line and the column. */
export function readLiveLink(text: string): Take {
  const lines = linesOf(text);
  const header = cells(lines[0]!).map((name) => name.toLowerCase());
  requireColumns(header);
  if (lines.length < 2) throw unreadable("it has no line after the names of the columns", HELP);
  const wanted = header.flatMap((name, column) =>
    COLUMNS.has(name) || ANGLES.includes(name) ? [{ name, column }] : [],
  );
  const read = new Map(wanted.map(({ name }) => [name, [] as number[]]));
  const codes: string[] = [];
  const timecode = header.indexOf("timecode");
  for (const [i, line] of lines.slice(1).entries()) {
    const row = rowOf(line, header.length, i + 2);
    codes.push(row[timecode]!);
    for (const { name, column } of wanted) {
      // of columns of one name the first counts
      if (header.indexOf(name) === column) read.get(name)!.push(numberOf(row[column]!, name, i + 2));
    }
  }
  const channels: Take["channels"] = {};
  for (const [name, channel] of COLUMNS) if (read.has(name)) channels[channel] = read.get(name)!;
  const angles = (name: string): number[] => read.get(name) ?? codes.map(() => 0);
  const signs = signsOf(channels, angles("lefteyeyaw"), angles("lefteyepitch"));
  channels.headYaw = angles("headyaw").map((angle) => signs.yaw * angle * DEGREES);
  channels.headPitch = angles("headpitch").map((angle) => signs.pitch * angle * DEGREES);
  channels.headRoll = angles("headroll").map((angle) => signs.yaw * angle * DEGREES);
  return { ...timesOf(codes, HELP), channels };
}

/** None is longer than a line of the app, however few there are. */
function linesOf(text: string): string[] {
  const lines: string[] = [];
  for (let from = 0; from < text.length; ) {
    const found = text.indexOf("\n", from);
    const end = found < 0 ? text.length : found;
    const number = lines.length + 1;
    if (end - from > MAX_LINE) throw unreadable(`line ${number} has more than ${MAX_LINE} characters`, HELP);
    if (number > MAX_ROWS) throw unreadable(`it has more than ${MAX_ROWS} lines`, HELP);
    lines.push(text.slice(from, end).replace(/\r$/, ""));
    from = end + 1;
  }
  while (lines.length > 1 && lines.at(-1)!.trim() === "") lines.pop();
  return lines;
}

function requireColumns(header: string[]): void {
  if (header.length > MAX_COLUMNS) throw unreadable(`its first line has more than ${MAX_COLUMNS} columns`, HELP);
  if (!header.includes("timecode")) throw unreadable("its first line has no column Timecode", HELP);
  if (header.filter((name) => COLUMNS.has(name)).length >= LEAST_COLUMNS) return;
  const missing = ["EyeBlinkLeft", "JawOpen", "MouthSmileLeft"].filter((name) => !header.includes(name.toLowerCase()));
  const which = missing.length > 0 ? ` ${missing.join(", ")}` : " of most blendshapes";
  throw unreadable(`its first line has no columns${which}, so it does not hold blendshapes`, HELP);
}

/** A row has a value for each column; beyond them, cells are empty. */
function rowOf(line: string, columns: number, number: number): string[] {
  const row = cells(line);
  if (row.length < columns) {
    throw unreadable(`line ${number} has ${row.length} values where there are ${columns} columns`, HELP);
  }
  if (row.slice(columns).every((cell) => cell === "")) return row;
  const comma = "Are its numbers written with decimal commas? Save it with decimal points.";
  throw unreadable(`line ${number} has ${row.length} values where there are ${columns} columns`, `${comma} ${HELP}`);
}

function numberOf(cell: string, column: string, number: number): number {
  const where = `line ${number}, column ${column}: ${quoted(cell)}`;
  const value = cell === "" ? Number.NaN : Number(cell);
  if (!Number.isFinite(value)) throw unreadable(`${where} is not a number`, HELP);
  const [most, what] = COLUMNS.has(column)
    ? [MAX_BLENDSHAPE, "a blendshape (0 to 1)"]
    : [MAX_ANGLE, "an angle (radians)"];
  if (Math.abs(value) > most) throw unreadable(`${where} is too large for ${what}`, HELP);
  return value;
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

function cells(line: string): string[] {
  return line.split(",").map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
}
