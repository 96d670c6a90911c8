/**
 * The model that tells what kind of picture one is: MobileNet V2 trained by the authors of nsfwjs (MIT), which ships inside that package.
 * Only its weights are read; it runs on the TensorFlow.js that finds faces, so nsfwjs itself and what it needs are never loaded.
 */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { ModelJson } from "../face/model-files.ts";
import { openModel } from "../face/tensorflow.ts";

const require = createRequire(import.meta.url);

/** Side of the pictures that it takes, pixels. */
export const CLASSIFIER_SIDE = 224;

/** How sure the model is of each class, 0–1, together 1. */
export type Scores = { drawing: number; hentai: number; neutral: number; porn: number; sexy: number };

/** Takes RGB, interleaved, 0–1, square with the side above. */
export type Classifier = (picture: Float32Array) => Promise<Scores>;

const FILES = ["group1-shard1of2.min.js", "group1-shard2of2.min.js"];

let loading: Promise<Classifier> | undefined;

/** The model, loaded by the first picture and kept for the life of the process. */
export const classifier: Classifier = async (picture) => {
  loading ??= load();
  return (await loading)(picture);
};

async function load(): Promise<Classifier> {
  const folder = join(dirname(require.resolve("nsfwjs")), "..", "models", "mobilenet_v2_mid");
  const json = require(join(folder, "model.min.js")) as ModelJson;
  const model = await openModel(json, await readWeights(folder));
  return async (picture) => {
    const [drawing, hentai, neutral, porn, sexy] = model([picture], CLASSIFIER_SIDE)[0]!.data;
    return { drawing: drawing!, hentai: hentai!, neutral: neutral!, porn: porn!, sexy: sexy! };
  };
}

/** The files are scripts that hold one long text each. Running them would keep 6 MB of it for the life of the process. */
async function readWeights(folder: string): Promise<Buffer> {
  const parts = await Promise.all(
    FILES.map(async (name) => {
      const [, text] = /exports="([A-Za-z0-9+/=]+)"/.exec(await readFile(join(folder, name), "latin1")) ?? [];
      if (text === undefined) throw new Error(`${name} of nsfwjs has no weights`);
      return Buffer.from(text, "base64");
    }),
  );
  return Buffer.concat(parts);
}
