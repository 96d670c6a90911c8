/** The whole stack; each part comes after those that it needs. */

import { createDomain } from "./domain.ts";
import { createFunctions } from "./functions.ts";
import { createGpu } from "./gpu.ts";
import { readSettings, regionOf } from "./policy/settings.ts";
import { queueSpecs, stageOf, tagsOf } from "./policy.ts";
import { createQueues } from "./queues.ts";
import { createResultKeys } from "./result-keys.ts";
import { allowUploads, createStorage } from "./storage.ts";
import { tagEverything } from "./tags.ts";
import { createWatch } from "./watch.ts";

/** `variables`: the environment of the deployment. Answers what `sst deploy` prints. Throws SettingsError. */
export function createStack(variables: Record<string, string | undefined>) {
  regionOf(variables);
  const settings = readSettings(variables);
  const stage = stageOf($app.stage);
  tagEverything(tagsOf(stage));
  const storage = createStorage(stage, settings);
  const queues = createQueues(stage, queueSpecs(settings));
  const resultKeys = createResultKeys();
  const gpu = createGpu(stage, settings, { storage, queues, resultKeys });
  const domain = createDomain(settings);
  const { url } = createFunctions(stage, settings, { storage, queues, batch: gpu, domain, resultKeys });
  allowUploads(storage, url, settings);
  createWatch(stage, settings);
  return { url, bucket: storage.name };
}
