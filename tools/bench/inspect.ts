/** `POST /v1/inspect` of a 12-megapixel JPEG that was uploaded, once the server's process is warm, beside the bare decode. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodePicture } from "@smileloop/engine/media/picture.ts";
import { postJson, upload } from "../../test/support/client.ts";
import { twelveMegapixels } from "../../test/support/pictures.ts";
import { type Figure, median, type Part, RUNS, timed } from "./measure.ts";
import { withServer } from "./server.ts";

const WARM_UP = 3;
const PICTURES = 3 * RUNS;
/** As the engine decodes it. */
const SIDE = 1280;

export const inspect: Part = {
  name: "inspect",
  figures: () => withServer({}, async ({ url }) => figures(url)),
};

async function figures(url: string): Promise<Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), "smileloop-bench-"));
  try {
    const photo = await twelveMegapixels();
    const path = join(dir, "photo.jpg");
    writeFileSync(path, photo);
    const input = { upload: await upload(url, photo) };
    const ask = async () => {
      const reply = await postJson(`${url}/v1/inspect`, { input });
      if (reply.status !== 200) throw new Error(`${reply.status} ${await reply.text()}`);
      await reply.arrayBuffer();
    };
    const [cold] = await timed(1, ask);
    await timed(WARM_UP, ask);
    await decodePicture(path, { maxSide: SIDE });
    // in turns, so that a busy machine delays both
    const [runs, decodes]: [number[], number[]] = [[], []];
    for (let n = 0; n < PICTURES; n++) {
      runs.push(...(await timed(1, ask)));
      decodes.push(...(await timed(1, () => decodePicture(path, { maxSide: SIDE }))));
    }
    const limit = { name: "shrunk decode alone", value: median(decodes) };
    const first = "inspect a 12 MP JPEG, first of a server";
    return [
      { name: "inspect a 12 MP JPEG, warm", unit: "ms", value: median(runs), target: 300, limit, runs },
      { name: first, unit: "ms", value: cold!, target: null },
    ];
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
