/** What workers alone have. Separate from `deps.ts`, because the API and the sweeper do not need the worker's code. */
import { createFetcher, type FetchFile } from "@smileloop/worker/fetch/fetch-file.ts";
import type { Handlers } from "@smileloop/worker/kinds/handler.ts";
import { createHandlers, HANDLERS } from "@smileloop/worker/kinds/index.ts";
import type { Deps } from "./deps.ts";

type Needs = Pick<Deps, "presets" | "handlerMakers" | "maxVideoSeconds" | "readRecipients" | "fetchPolicy">;

export function withHandlers<D extends Needs>(deps: D): D & { handlers: Handlers; fetchFile: FetchFile } {
  const handlers = createHandlers(deps, deps.handlerMakers ?? HANDLERS);
  return { ...deps, handlers, fetchFile: createFetcher({ policy: deps.fetchPolicy }) };
}
