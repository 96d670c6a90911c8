/** Everything the API depends on: the ports, and how this installation is set up. */

import type { Access } from "@smileloop/core/api-keys.ts";
import type { Audit } from "@smileloop/core/audit/audit-log.ts";
import type { Clock } from "@smileloop/core/clock.ts";
import type { Lookup } from "@smileloop/core/fetch/resolve.ts";
import type { FetchPolicy } from "@smileloop/core/fetch/target.ts";
import type { Files } from "@smileloop/core/files.ts";
import type { Inspector } from "@smileloop/core/inspector.ts";
import type { Kinds } from "@smileloop/core/kinds/kind.ts";
import type { Log } from "@smileloop/core/log.ts";
import type { Preset } from "@smileloop/core/motion/preset.ts";
import type { Payments } from "@smileloop/core/payments/payments.ts";
import type { Queue } from "@smileloop/core/queue.ts";
import type { Records } from "@smileloop/core/records.ts";
import type { Safeguards } from "@smileloop/core/safeguards.ts";
import type { Admission } from "@smileloop/core/scale/admission.ts";
import type { Seals } from "@smileloop/core/seals.ts";
import type { VoiceFacts } from "@smileloop/core/speech/voice-facts.ts";
import type { LocalLinks } from "@smileloop/core/storage/local-links.ts";
import type { Verifier } from "@smileloop/core/verifier.ts";
import type { Webhooks } from "@smileloop/core/webhooks/signing.ts";
import type { Assets } from "./assets.ts";
import type { Followers } from "./http/followers.ts";
import type { Tokens } from "./logins/tokens.ts";
import type { Observed } from "./operator/observed.ts";
import type { Pace } from "./pace.ts";

export type ApiConfig = {
  /** Address that clients see, perhaps with a path, without a trailing slash; null = the host that the request was sent to. */
  publicUrl: string | null;
  /** Whether the Host header must be that of `publicUrl`, `localhost`, a loopback address or one of `allowedHosts`. */
  hostsChecked: boolean;
  allowedHosts: string[];
  /** Origins (`https://example.org`) of other sites' pages that may call. */
  corsOrigins: string[];
  access: Access;
  /** Names of operators by the SHA-256 of their keys; absent or empty: nobody is let in to the operator's view. */
  operators?: ReadonlyMap<string, string> | undefined;
  /** Which private addresses jobs may fetch inputs from. */
  fetch: FetchPolicy;
  /** Maximum size of any request's body in bytes; null = each route's own limit alone. */
  maxBodyBytes: number | null;
  /** Maximum time that `Prefer: wait` holds a request. */
  maxWaitMs: number;
  /** Maximum time that a dialect's request waits for its result; a dialect may wait less. */
  dialectWaitMs: number;
  /** Maximum size of a file in a form, in bytes, for dialects whose clients send whole videos so. */
  maxFormFileBytes: number;
  /** Whether replies may be of any size; else large files are fetched from the storage itself. */
  largeReplies: boolean;
  /** Programs that clients of dialects may name. None is ever run. */
  allowedPrograms: readonly string[];
  /** Whether `/events` stays open until the job ends; else it sends the present state and ends. */
  liveEvents: boolean;
  /**
   * Requests of each owner a minute that make or change something; null = any number. `byNetwork`: whether those without a key are also
   * counted by the network that they come from, which has to be known.
   */
  requests: { perMinute: number; byNetwork: boolean } | null;
  /** How many event streams and waiting requests of one owner are held at a time. */
  maxFollowers: number;
  version: string;
};

/** `ok`: work can be taken. `parts`: what was looked at, each `"ok"` or a sentence that says what is wrong. */
type Readiness = { ok: boolean; parts: Record<string, string> };

export type ApiDeps = {
  records: Records;
  files: Files;
  queue: Queue;
  admission: Admission;
  clock: Clock;
  /** How long results and uploads live, where that is less than an hour. */
  lifeMs?: number | undefined;
  /** Absent: no job can have secret params. */
  seals?: Seals | undefined;
  /** Absent: nothing is sold, and every result is free. */
  payments?: Payments | undefined;
  /** By default the strictest. */
  safeguards?: Safeguards | undefined;
  /** Absent: nothing is written down. */
  audit?: Audit | undefined;
  log: Log;
  presets: ReadonlyMap<string, Preset>;
  voices: readonly VoiceFacts[];
  assets: Assets;
  kinds: Kinds;
  /** Null where nothing can look at pictures. */
  inspector: Inspector | null;
  /** Null, or absent, where nothing can read the marks of files. */
  verifier?: Verifier | null | undefined;
  /** Set where the API itself serves uploads and links (disk, memory); null where the storage does. */
  localLinks: LocalLinks | null;
  /** Signs the tokens of those who log in, at least 32 bytes; absent: those end with this process. */
  tokenKey?: Uint8Array | undefined;
  /** How events are signed, or why none are sent; absent: none are. */
  webhooks?: Webhooks | undefined;
  /** Addresses of a host; the system's when absent. */
  lookup?: Lookup | undefined;
  config: ApiConfig;
  /** How fast this installation works; by default what the API's own requests have shown. */
  pace?: Pace | undefined;
  ready(): Promise<Readiness>;
  /** What monitoring reads at `/metrics`; absent: nothing is served there. */
  metrics?: (() => Promise<{ type: string; text: string }>) | undefined;
  /** For the operator's view; absent: it says that it does not know. */
  observed?: Observed | undefined;
  /** Told of each reply when its headers are ready. */
  onReply?: ((reply: Replied) => void) | undefined;
};

/** `route`: as the router has it, such as `/v1/jobs/:id`; `none` where there is none. */
export type Replied = { route: string; method: string; status: number; seconds: number };

/** What routes are given. */
export type RouteDeps = ApiDeps & {
  followers: Followers;
  tokens: Tokens;
  /** Whether the operator answers for the consent of those whom the jobs of a dialect show. */
  isAttested: (dialect: string) => boolean;
};
