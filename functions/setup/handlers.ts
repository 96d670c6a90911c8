/** The handlers of a worker. Separate from `deps.ts`, because the API and the sweeper do not need the worker's code. */
import type { Handlers } from "@smileloop/worker/kinds/handler.ts";
import { createHandlers, HANDLERS } from "@smileloop/worker/kinds/index.ts";
import type { Deps } from "./deps.ts";

export function withHandlers<D extends Pick<Deps, "presets" | "handlerMakers">>(deps: D): D & { handlers: Handlers } {
  return { ...deps, handlers: createHandlers(deps, deps.handlerMakers ?? HANDLERS) };
}
