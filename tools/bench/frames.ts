/**
 * `node tools/bench/frames.ts --against <checkout> [--size 512] [--every 3] <picture>…`: how alike the frames of two checkouts are, all
 * presets of each picture, before they are encoded. Fails where a frame is below 45 dB.
 */
import { execFileSync, spawn } from "node:child_process";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

/** A difference that is not seen: PSNR of all samples of a frame. */
const LEAST_DB = 45;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    against: { type: "string" },
    size: { type: "string", default: "512" },
    every: { type: "string", default: "3" },
  },
});
if (!values.against || positionals.length === 0) {
  console.error("Name --against <checkout> and one picture or more.");
  process.exit(2);
}

const ROOT = resolve(import.meta.dirname, "../..");
const presets = execFileSync("ls", [join(ROOT, "presets")], { encoding: "utf8" });
const names = [...presets.matchAll(/^(\w+)\.json$/gm)].map(([, name]) => name!);
let failed = false;
for (const picture of positionals) {
  const [now, then] = [framesOf(ROOT, picture), framesOf(resolve(values.against), picture)];
  let [worst, where, sum, count] = [Number.POSITIVE_INFINITY, "", 0, 0];
  for (;;) {
    const [a, b] = [await now.next(), await then.next()];
    if (a.done || b.done) {
      if (a.done !== b.done) throw new Error(`${picture}: one checkout gave more frames than the other`);
      break;
    }
    if (a.value.length !== b.value.length) throw new Error(`${picture}: the frames are not of the same size`);
    const off = meanSquare(a.value, b.value);
    const db = off === 0 ? 99 : 10 * Math.log10(255 ** 2 / off);
    sum += off;
    if (db < worst) [worst, where] = [db, `frame ${count}`];
    count++;
  }
  failed ||= worst < LEAST_DB || count === 0;
  const mean = sum === 0 ? 99 : 10 * Math.log10((255 ** 2 * count) / sum);
  console.log(`${picture}: ${count} frames, ${mean.toFixed(1)} dB, the worst ${worst.toFixed(1)} dB (${where})`);
}
process.exitCode = failed ? 1 : 0;

function meanSquare(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return sum / a.length;
}

/** Frames as a process of that checkout draws them, a length of four bytes before each. */
async function* framesOf(checkout: string, picture: string): AsyncGenerator<Uint8Array, void> {
  const args = [join(import.meta.dirname, "frames-child.mjs"), checkout, resolve(picture), values.size, values.every];
  const child = spawn(process.execPath, [...args, ...names], { stdio: ["ignore", "pipe", "inherit"] });
  let waiting = Buffer.alloc(0);
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    waiting = Buffer.concat([waiting, chunk]);
    while (waiting.length >= 4 && waiting.length >= 4 + waiting.readUInt32LE(0)) {
      const end = 4 + waiting.readUInt32LE(0);
      yield waiting.subarray(4, end);
      waiting = waiting.subarray(end);
    }
  }
  if (child.exitCode) throw new Error(`${checkout} could not draw ${picture}`);
}
