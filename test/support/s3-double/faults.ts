/**
 * What goes wrong, by plan: a fault is asked for with the name of the call it is to hit, and hits once or as often as said.
 *
 * | fault | what the client sees | is the call carried out? |
 * | --- | --- | --- |
 * | `conflict` | 409 ConditionalRequestConflict | no |
 * | `internal` | 500 InternalError | no |
 * | `slow_down` | 503 SlowDown | no |
 * | `cut` | the connection is cut before any reply | no |
 * | `lost_reply` | the connection is cut before any reply | yes |
 * | `late_error` | 500 InternalError | yes |
 * | `half_reply` | the connection is cut in the middle of the reply | yes |
 * | `{delayMs}` | the reply comes so much later | yes |
 */
import { S3Error } from "./errors.ts";

export type Operation =
  | "GetObject"
  | "HeadObject"
  | "PutObject"
  | "CopyObject"
  | "DeleteObject"
  | "DeleteObjects"
  | "ListObjectsV2"
  | "PostObject"
  | "CreateMultipartUpload"
  | "UploadPart"
  | "CompleteMultipartUpload"
  | "AbortMultipartUpload"
  | "Preflight";

export type Fault =
  | "conflict"
  | "internal"
  | "slow_down"
  | "cut"
  | "lost_reply"
  | "late_error"
  | "half_reply"
  | { delayMs: number };

/** `by`: whose key signed it; empty for none. */
export type Call = { operation: Operation; key: string; by: string; body: Uint8Array };

export type Faults = {
  /** The next calls of this operation, on keys that contain `key`, fail like this, one fault after the other. */
  add(operation: Operation, faults: Fault[], key?: string): void;
  /** Decides about each call that no added fault is for: a seeded source of trouble. */
  decide(plan: (call: Call) => Fault | null): void;
  take(call: Call): Fault | null;
  /** How many added faults have not happened yet. */
  readonly left: number;
};

export function createFaults(): Faults {
  let planned: (Pick<Call, "operation" | "key"> & { fault: Fault })[] = [];
  let plan: (call: Call) => Fault | null = () => null;
  return {
    add(operation, faults, key = "") {
      planned.push(...faults.map((fault) => ({ operation, key, fault })));
    },
    decide(next) {
      plan = next;
    },
    take(call) {
      const hit = planned.find(({ operation, key }) => operation === call.operation && call.key.includes(key));
      if (!hit) return plan(call);
      planned = planned.filter((each) => each !== hit);
      return hit.fault;
    },
    get left() {
      return planned.length;
    },
  };
}

export function errorOf(fault: Fault): S3Error | null {
  if (fault === "conflict") return new S3Error("ConditionalRequestConflict", "A conflicting operation is under way.");
  if (fault === "internal" || fault === "late_error") return new S3Error("InternalError", "We encountered an error.");
  if (fault === "slow_down") return new S3Error("SlowDown", "Please reduce your request rate.");
  return null;
}
