/** Where an installation keeps its records, files and messages: `disk-home.ts`, `s3-home.ts`. */
import type { Audit } from "@smileloop/core/audit/audit-log.ts";
import type { JobStore } from "@smileloop/core/jobs/jobs.ts";
import type { Room } from "@smileloop/core/storage/disk-room.ts";
import type { LocalLinks } from "@smileloop/core/storage/local-links.ts";
import type { Webhooks } from "@smileloop/core/webhooks/signing.ts";
import type { ClaimTimes } from "@smileloop/worker/claim.ts";

export type Home = JobStore & {
  audit: Audit;
  /** Set where the API itself serves uploads and links. */
  localLinks: LocalLinks | null;
  /** Of the installation, for signatures; absent where it is kept nowhere. */
  secret?: Uint8Array;
  /** Where the key that results are signed with is kept, or will be; absent where the operator has to give one. */
  signingFile?: string;
  /** Where keys for marks are kept that the operator did not give. */
  markFile?: string;
  /** How events are signed, or why none are sent. */
  webhooks: Webhooks;
  /** Whether no other process uses this home, so that claims of an earlier process are void. */
  exclusive: boolean;
  /** Its name for people: a folder, or a bucket. */
  label: string;
  /** Absolute path of the folder for jobs in progress. */
  workRoot: string;
  /** Times of a worker's claims, where the defaults do not suit the storage. */
  times?: Partial<ClaimTimes>;
  /** How much room is left, where that is known. */
  room?: () => Promise<Room>;
  close(): void;
};
