/**
 * A process of the engine that is an operator's FaceFusion: `node host.ts --root <folder> --python <command> [--libraries <folders>]`.
 * With `--look` it says what the installation offers, one line of JSON (`Look`), and ends.
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { processImageTask, processVideoTask } from "@smileloop/core/engine/tasks/process.ts";
import manifest from "../../package.json" with { type: "json" };
import { serve } from "../serve.ts";
import { type Offer, part } from "../task.ts";
import { type Installation, pythonOf, readInstallation } from "./installation.ts";

export type Look = { trouble: string } | { version: string; processors: readonly string[] };

const text = { type: "string" } as const;
const { values } = parseArgs({
  options: { root: text, python: text, libraries: text, look: { type: "boolean", default: false } },
});
const root = resolve(values.root ?? "");
const place = { root, python: values.python ?? pythonOf(root), libraries: values.libraries };

/** Read once; again after a failure, which may be the machine's load. */
let reading: Promise<Installation> | undefined;
function installed(): Promise<Installation> {
  reading ??= readInstallation(place).catch((error: unknown) => {
    reading = undefined;
    throw error;
  });
  return reading;
}

const offer: Offer = {
  runs: {
    process_image: part(processImageTask.run, async () => {
      const [{ processImage }, installation] = await Promise.all([import("./process-image.ts"), installed()]);
      return (request, context) => processImage(installation, request, context);
    }),
    process_video: part(processVideoTask.run, async () => {
      const [{ processVideo }, installation] = await Promise.all([import("./process-video.ts"), installed()]);
      return (request, context) => processVideo(installation, request, context);
    }),
  },
  checks: {},
  services: {},
};

if (values.look) {
  const look: Look = await installed().then(
    ({ version, processors }) => ({ version, processors }),
    (error: unknown) => ({ trouble: error instanceof Error ? error.message : String(error) }),
  );
  process.stdout.write(`${JSON.stringify(look)}\n`);
} else {
  serve({ engine: "facefusion", version: manifest.version, offer, args: [] });
}
