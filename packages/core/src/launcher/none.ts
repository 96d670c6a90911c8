/** For installations whose workers are there all the time. */
import type { Launcher } from "../launcher.ts";

export function noLauncher(): Launcher {
  return { queues: [], workers: async () => [], start: async () => {}, cancel: async () => {} };
}
