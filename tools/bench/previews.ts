/**
 * A small clip of every preset of one 12-megapixel photo: one job of the kind `previews`, beside a job of `animate` for each preset, on a
 * server whose engine and checker are warm. Both in each run, so that the machine's load is that of both.
 */
import { readFileSync } from "node:fs";
import { createSmileloop, type Smileloop } from "@smileloop/sdk/index.ts";
import { upload } from "../../test/support/client.ts";
import { twelveMegapixels } from "../../test/support/pictures.ts";
import { processTree, startServer } from "../../test/support/server.ts";
import { type Figure, median, type Part } from "./measure.ts";

export const previews: Part = { name: "previews", figures };

const RUNS = 3;
const SIZE = 256;
const SEED = 1;
/** Of Linux's clock, a second. */
const TICKS = 100;

/** Seconds: since the job was asked for, and of all processes of the server. */
type Spent = { wall: number; cpu: number };

async function figures(): Promise<Figure[]> {
  const server = await startServer({ env: { WARP_PROCESSES: "1" } });
  try {
    const smileloop = createSmileloop({ baseUrl: server.url });
    const image = { upload: await upload(server.url, await twelveMegapixels()) };
    const presets = (await smileloop.presets()).map(({ name }) => name);
    const spent = async (work: () => Promise<unknown>): Promise<Spent> => {
      const [started, before] = [performance.now(), cpuSeconds(server.pid)];
      await work();
      return { wall: (performance.now() - started) / 1000, cpu: cpuSeconds(server.pid) - before };
    };
    // models and compilers of engine and checker are warm from here on
    await single(smileloop, image, presets[0]!);
    await smileloop.previews(image, { presets: presets.slice(0, 2), size: SIZE });

    const first: number[] = [];
    const all: Spent[] = [];
    const singles: Spent[] = [];
    const one: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      const came: number[] = [];
      const started = performance.now();
      const asked = { size: SIZE, seed: SEED, onOutput: () => came.push((performance.now() - started) / 1000) };
      all.push(await spent(() => smileloop.previews(image, asked)));
      if (came.length !== presets.length) throw new Error(`${came.length} clips of ${presets.length} came`);
      first.push(came[0]!);
      let [wall, cpu] = [0, 0];
      for (const preset of presets) {
        const each = await spent(() => single(smileloop, image, preset));
        if (preset === presets[0]) one.push(each.wall);
        wall += each.wall;
        cpu += each.cpu;
      }
      singles.push({ wall, cpu });
    }
    const ratios = (what: keyof Spent) => all.map((spent, run) => spent[what] / singles[run]![what]);
    const row = (name: string, runs: number[], target: number | null, unit: Figure["unit"] = "s"): Figure => {
      return { name, unit, value: median(runs), target, runs };
    };
    const count = presets.length;
    return [
      row("first clip of a photo, job created → shown", first, 2),
      row("  by a single job of the same preset", one, null),
      row(
        `${count} clips of a photo, job created → end`,
        all.map(({ wall }) => wall),
        6,
      ),
      row(
        `  by ${count} single jobs`,
        singles.map(({ wall }) => wall),
        null,
      ),
      row("  one job for all against single ones, time", ratios("wall"), 0.45, "×"),
      row("  the same, processor time", ratios("cpu"), null, "×"),
      row(
        "  processor time of one job for all",
        all.map(({ cpu }) => cpu),
        null,
      ),
    ];
  } finally {
    await server.stop();
  }
}

function single(smileloop: Smileloop, image: { upload: string }, preset: string) {
  return smileloop.animate(image, { preset, size: SIZE, seed: SEED });
}

function cpuSeconds(pid: number): number {
  return processTree(pid).reduce((sum, each) => {
    const fields = readFileSync(`/proc/${each}/stat`, "utf8").split(") ")[1]!.split(" ");
    return sum + (Number(fields[11]) + Number(fields[12])) / TICKS;
  }, 0);
}
