/** A service elsewhere that does the work of an engine and is paid for it. Those there are stand in the list of engines. */
import type { EngineRequest } from "@smileloop/core/engine/protocol.ts";
import type { Params } from "@smileloop/core/kinds/kind.ts";
import type { Secrets } from "@smileloop/core/seals.ts";
import type { EngineProcess } from "../process/engine-process.ts";

/** What an engine is asked, without the id of the run. */
export type Work = Omit<EngineRequest, "run">;

/** `params`: of the job, as its record has them. `secrets`: the secret ones. */
export type Access = { params: Params; secrets: Secrets; signal: AbortSignal };

/** How far the work is. `url`: where the result is. `reason`: a sentence, why there will be none. */
export type Seen =
  | { state: "working"; percent: number | null }
  | { state: "done"; url: string }
  | { state: "failed"; reason: string };

export type Finishing = Pick<Access, "params" | "signal"> & { serving: (service: string) => EngineProcess };

export type Service = {
  /** As records name it. */
  provider: string;
  /** Of its API, and of how we use it. */
  version: string;
  kinds: readonly string[];
  /** Throws `not_supported` and the like for work that it cannot do: nothing is sent and nothing costs anything then. */
  check(work: Work, access: Access): void;
  /**
   * Sends the work and answers its id there. `key`: the same for each try of a job, by which the service knows work that it has already: it
   * answers with that and does it once. Throws `service_failed` where it refuses the work for good, ServiceBusy where it has certainly not
   * taken it, ServiceLost where nobody knows.
   */
  submit(work: Work, key: string, access: Access): Promise<string>;
  /** The id of the work that was sent with this key; null where there is none. Throws like `look`. */
  find(key: string, access: Access): Promise<string | null>;
  /** Throws ServiceBusy or ServiceLost where there is no answer now, `service_failed` where there never will be one. */
  look(id: string, access: Access): Promise<Seen>;
  /** Null where the service cannot be told to stop. */
  cancel: ((id: string, access: Access) => Promise<void>) | null;
  /** Maximum size of a result, bytes. */
  maxBytes: number;
  /** Makes of the file that was downloaded what an engine would have left, and answers what an engine would. Throws AppErrors. */
  finish(work: Work, path: string, io: Finishing): Promise<unknown>;
};

/** Thrown when a job waits for a service. Not an error: it is handed back, and somebody asks again in `againMs`. */
export class ServiceWait extends Error {
  readonly againMs: number;
  constructor(againMs: number) {
    super("waits for a service");
    this.againMs = againMs;
  }
}
