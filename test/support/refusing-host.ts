/**
 * A process of the built-in engine whose content check refuses what tests can make: magenta, or by its first argument, what has a name
 * that begins so. The other arguments are those of the engine.
 */
import { basename } from "node:path";
import { SERVICES } from "@smileloop/core/engine/services.ts";
import type { Classifier } from "@smileloop/engine/review/classifier.ts";
import { serve } from "@smileloop/engine/serve.ts";
import { reviewer } from "@smileloop/engine/services/review.ts";
import { part } from "@smileloop/engine/task.ts";
import { OFFER } from "@smileloop/engine/tasks.ts";

const [name = "", ...args] = process.argv.slice(2);

/** Sure that magenta is what must not be. */
export const refusesMagenta: Classifier = async (picture) => {
  const mean = (channel: number) => {
    let sum = 0;
    for (let i = channel; i < picture.length; i += 3) sum += picture[i]!;
    return (3 * sum) / picture.length;
  };
  const porn = mean(0) > 0.7 && mean(1) < 0.4 && mean(2) > 0.7 ? 0.9 : 0;
  return { drawing: 0, hentai: 0, neutral: 1 - porn, porn, sexy: 0 };
};

const look = reviewer(refusesMagenta);
const review = part(SERVICES.review.request, async () => async (request, context) => {
  const named = request.inputs.files.findIndex(({ path }) => name !== "-" && basename(path).startsWith(name));
  return named < 0 ? look(request, context) : { refused: { file: named, class: "porn" }, timings: {} };
});

if (import.meta.main) {
  serve({ engine: "warp", version: "1.0", offer: { ...OFFER, services: { ...OFFER.services, review } }, args });
}
