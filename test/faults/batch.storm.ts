/**
 * A batch whose workers are killed all the time, with the real engine: everybody has one file, in which their own name is said. The seed is
 * printed; `FAULTS_SEED=<n>` draws the same moments again. `npm run storm:batch` is the whole: 500 recipients and 100 kills.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { childId } from "@smileloop/core/job/ids.ts";
import { readReport } from "@smileloop/core/recipients/read-report.ts";
import { createSmileloop } from "@smileloop/sdk/index.ts";
import { unzipSync } from "fflate";
import { expect, test } from "vitest";
import { openBatchWorkers } from "../support/batch-workers.ts";
import { sayWav, spokenSound, stripedFilm } from "../support/personalized.ts";
import { heard, likeness } from "../support/said-names.ts";

const RECIPIENTS = Number(process.env.RECIPIENTS ?? 12);
const KILLS = Number(process.env.KILLS ?? 4);
/** Of these, when all files are made: while they are put together. */
const LAST_KILLS = Math.min(2, KILLS);
const MINUTE_MS = 60_000;
const seed = Number(process.env.FAULTS_SEED ?? Math.floor(Math.random() * 2 ** 31));
/** Which other names a file is compared with: the next of the list, and those with the same first name. */
const OTHERS = [1, 2, 3, 25, 50];

const FIRST =
  "अमित राम सीता रवि गीता मोहन लता विजय कमल सुनील नीता राज मीरा किरण दीपक पूजा अनिल रेखा संजय उषा गोपाल शोभा महेश आशा नरेश";
const LAST = "शर्मा वर्मा गुप्ता सिंह पटेल कुमार यादव जोशी मेहता देसाई नायर राव मिश्रा चौहान ठाकुर पांडे भट्ट कपूर मलिक सेन";

test.skipIf(process.platform === "win32")(
  `${RECIPIENTS} recipients and ${KILLS} kills: FAULTS_SEED=${seed}`,
  { timeout: 120 * MINUTE_MS },
  async () => {
    const names = namesOf(RECIPIENTS);
    const folder = mkdtempSync(join(tmpdir(), "smileloop-names-"));
    const spread = (ended: number) => Math.ceil((KILLS - LAST_KILLS) * Math.min(1, (ended + 2) / (0.9 * RECIPIENTS)));
    const due = (ended: number) => (ended > RECIPIENTS ? KILLS : spread(ended));
    const batch = await openBatchWorkers({ seed, due });
    try {
      const base = readFileSync(await baseFilm(folder));
      const smileloop = createSmileloop({ baseUrl: batch.api.url });
      const work = smileloop.personalize(base, names, { tier: "silver" });
      const made = await Promise.race([work, batch.broken]);
      expect(batch.kills()).toBe(KILLS);
      const report = (await readReport(await (await made.blob("report")).text()))!;
      expect(report.map(({ name, status, file }) => [name, status, file])).toEqual(
        names.map((name) => [name, "succeeded", `${name}.mp3`]),
      );
      const files = unzipSync(new Uint8Array(await (await made.blob()).arrayBuffer()));
      expect(Object.keys(files)).toEqual([...names.map((name) => `${name}.mp3`), "report.csv"]);
      for (let n = 0; n <= RECIPIENTS; n++) {
        const ends = batch.history.of(childId(made.job.id, n)).filter(({ record }) => record.state === "succeeded");
        expect(ends, `part ${n}`).toHaveLength(1);
      }
      expect(batch.history.wrong).toEqual([]);
      expect(await wrongNames(folder, names, files)).toEqual([]);
      await made.delete();
      expect(await batch.stop()).toEqual([]);
    } finally {
      await batch.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

/** No two alike. */
function namesOf(count: number): string[] {
  const [first, last] = [FIRST.split(" "), LAST.split(" ")];
  if (count > first.length * last.length) throw new Error(`RECIPIENTS: at most ${first.length * last.length}.`);
  return Array.from(
    { length: count },
    (_, n) => `${first[n % first.length]} ${last[(Math.floor(n / first.length) + (n % first.length)) % last.length]}`,
  );
}

async function baseFilm(folder: string): Promise<string> {
  const sentences: [number, string][] = [
    [0.3, "Hello"],
    [1.3, "welcome"],
  ];
  const { path } = await stripedFilm(join(folder, "base.mp4"), await spokenSound(folder, { seconds: 2.2, sentences }));
  return path;
}

/** Names whose file says another one, or none: beside what the voice says by itself. */
async function wrongNames(folder: string, names: string[], files: Record<string, Uint8Array>): Promise<string[]> {
  const alone: Float32Array[] = [];
  for (const [n, name] of names.entries()) {
    const { path } = await sayWav(folder, `name-${n}`, name);
    alone.push(await heard(path, "audio/wav"));
    rmSync(path);
  }
  const wrong: string[] = [];
  for (const [n, name] of names.entries()) {
    const path = join(folder, "file.mp3");
    writeFileSync(path, files[`${name}.mp3`]!);
    const sound = await heard(path, "audio/mpeg");
    const own = likeness(alone[n]!, sound);
    const others = OTHERS.map((away) => (n + away) % names.length).filter((other) => other !== n);
    const nearest = Math.max(...others.map((other) => likeness(alone[other]!, sound)));
    if (own < 0.8 || nearest > own - 0.1) wrong.push(`${name}: ${own.toFixed(2)}, another ${nearest.toFixed(2)}`);
  }
  return wrong;
}
