/** All that processes of this engine can be asked. A new kind or service is an entry here and its schemas in `core/engine/`. */
import { SERVICES } from "@smileloop/core/engine/services.ts";
import { animateTask } from "@smileloop/core/engine/tasks/animate.ts";
import { type Offer, part } from "./task.ts";

export const OFFER: Offer = {
  runs: {
    animate: part(animateTask.run, async () => (await import("./warp/animate.ts")).animate),
  },
  checks: {
    animate: part(animateTask.check, async () => (await import("./check/check.ts")).check),
  },
  services: {
    cast: part(SERVICES.cast.request, async () => (await import("./services/cast.ts")).cast),
    inspect: part(SERVICES.inspect.request, async () => (await import("./services/inspect.ts")).inspect),
    finish: part(SERVICES.finish.request, async () => (await import("./services/finish.ts")).finish),
    extract: part(SERVICES.extract.request, async () => (await import("./services/extract.ts")).extract, {
      later: true,
    }),
    listen: part(SERVICES.listen.request, async () => (await import("./services/listen.ts")).listen, { later: true }),
  },
};
