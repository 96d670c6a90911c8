/** What workers alone have. Separate from `deps.ts`, because the API and the sweeper do not need the worker's code. */
import { createFetcher, type FetchFile } from "@smileloop/worker/fetch/fetch-file.ts";
import type { Handlers } from "@smileloop/worker/kinds/handler.ts";
import { createHandlers, HANDLERS } from "@smileloop/worker/kinds/index.ts";
import type { Marker } from "@smileloop/worker/marking/marker.ts";
import type { Signer } from "@smileloop/worker/signing/signer.ts";
import type { Deps } from "./deps.ts";
import { openMarker } from "./marking.ts";
import { openSigner } from "./signing.ts";

type Needs = Pick<
  Deps,
  | "presets"
  | "handlerMakers"
  | "maxVideoSeconds"
  | "readRecipients"
  | "fetchPolicy"
  | "signing"
  | "marking"
  | "version"
  | "log"
  | "clock"
>;
type ForWorkers = { handlers: Handlers; fetchFile: FetchFile; signer: Signer; marker: Marker };

export function withHandlers<D extends Needs>(deps: D): D & ForWorkers {
  const handlers = createHandlers(deps, deps.handlerMakers ?? HANDLERS);
  const signer = openSigner(deps);
  const marker = openMarker(deps);
  return { ...deps, handlers, fetchFile: createFetcher({ policy: deps.fetchPolicy }), signer, marker };
}
