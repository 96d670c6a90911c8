/** The handlers of a worker. Apart from `deps.ts`, because the API and the sweeper need nothing of a worker. */
import type { Handlers } from "@smileloop/worker/kinds/handler.ts";
import { createHandlers, HANDLERS } from "@smileloop/worker/kinds/index.ts";
import type { Deps } from "./deps.ts";

export function withHandlers<D extends Pick<Deps, "presets" | "handlerMakers">>(deps: D): D & { handlers: Handlers } {
  return { ...deps, handlers: createHandlers(deps, deps.handlerMakers ?? HANDLERS) };
}
