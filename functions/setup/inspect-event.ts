/** A worker on Lambda that the API calls: its checker looks at the picture. Lambda gives it nothing else meanwhile. */
import { AppError } from "@smileloop/core/errors.ts";
import type { Files } from "@smileloop/core/files.ts";
import { type InspectEvent, type InspectReply, inspectEventSchema, replyOf } from "@smileloop/core/inspector.ts";
import type { Log } from "@smileloop/core/log.ts";
import { createInspector } from "@smileloop/worker/inspector.ts";
import type { Worker } from "@smileloop/worker/worker.ts";

type InspectEventDeps = { worker: Pick<Worker, "checker">; files: Files; workRoot: string; log: Log };

export function serveInspectEvent(deps: InspectEventDeps, event: InspectEvent): Promise<InspectReply> {
  const { worker, ...rest } = deps;
  const { checker } = worker;
  return replyOf(
    (async () => {
      if (!checker) throw new AppError("engine_not_configured", "No engine here can inspect pictures.");
      const { inspect: picture } = inspectEventSchema.parse(event);
      // nobody tells this function that the API has given up, which it does after the inspector's own time limit
      const options = { owner: "", signal: new AbortController().signal };
      return createInspector({ ...rest, engine: checker }).inspect(picture, options);
    })(),
  );
}
