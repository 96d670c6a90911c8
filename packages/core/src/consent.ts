/**
 * Who says that the people whose faces a job changes may be shown so. It is what somebody says, not what anybody has checked; the record
 * keeps it with who said it and when, beside the hashes of the files, and it goes with them.
 */
import { z } from "zod";
import type { FieldError } from "./errors.ts";
import type { Kind, Params } from "./kinds/kind.ts";

/** Who is shown: those who ask, somebody who has agreed, or nobody who still has rights in it. */
export const CONSENT_SUBJECTS = ["self", "permission", "public_domain"] as const;
export const consentSchema = z.strictObject({ subject: z.enum(CONSENT_SUBJECTS) });
export type Consent = z.infer<typeof consentSchema>;

export const consentParam = consentSchema.optional().meta({
  description: "Why the people shown may be shown so. Needed where somebody's face comes out different.",
});

/** As records keep it. `by`: the caller has said so, or the operator answers for all callers of a dialect. */
export type Attestation = { subject?: Consent["subject"]; by: "caller" | "operator"; owner: string; at: number };

type Altering = Pick<Kind, "alters">;

/** The fault of params that lack it where it is needed; `loc` from the request's body. */
export function consentFaults({ alters }: Altering, params: Params): FieldError[] {
  if (!alters(params) || params.consent !== undefined) return [];
  const choices = CONSENT_SUBJECTS.join(", ");
  const msg = `is needed where somebody's face is changed, as {"subject": …}: why the people shown may be shown so, one of ${choices}. For clients that cannot send it, the operator of the server may answer (ATTEST).`;
  return [{ loc: ["body", "params", "consent"], msg, type: "missing" }];
}

/** `params`: checked. Undefined where nobody's face is changed. `at`: ms since 1970. */
export function attestationOf(kind: Altering, params: Params, said: { owner: string; at: number }) {
  if (!kind.alters(params)) return undefined;
  const { subject } = (params.consent as Consent | undefined) ?? {};
  const attestation: Attestation = subject ? { subject, by: "caller", ...said } : { by: "operator", ...said };
  return attestation;
}
