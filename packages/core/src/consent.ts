/**
 * Who says that the people whom a job shows may be shown so. It is what somebody says, not what anybody has checked; the record keeps it
 * with who said it, when and in which words, beside the hashes of the files, and it goes with them. A line of the audit stays.
 */
import { z } from "zod";
import { CONSENT_TEXTS, CONSENT_VERSION, consentTextSha256 } from "./consent-texts.ts";
import { got } from "./errors/fields.ts";
import type { FieldError } from "./errors.ts";
import type { Kind, Params } from "./kinds/kind.ts";

/** Who is shown: those who ask, somebody who has agreed, or nobody who still has rights in it. */
export const CONSENT_SUBJECTS = ["self", "permission", "public_domain"] as const;
const LOCALES = Object.keys(CONSENT_TEXTS[CONSENT_VERSION]!);

export const consentSchema = z
  .strictObject({
    subject: z.enum(CONSENT_SUBJECTS),
    text_version: z
      .enum(Object.keys(CONSENT_TEXTS) as [string, ...string[]], {
        error: ({ input }) => `must be one of ${Object.keys(CONSENT_TEXTS).join(", ")}${got(input)}`,
      })
      .optional()
      .meta({ description: `Version of the sentence that was agreed to; by default ${CONSENT_VERSION}.` }),
    locale: z
      .enum(LOCALES as [string, ...string[]], {
        error: ({ input }) => `must be one of ${LOCALES.join(", ")}${got(input)}`,
      })
      .optional()
      .meta({ description: "Language in which it was read; by default en." }),
  })
  .refine(({ text_version, locale }) => textSha256({ text_version, locale }) !== null, {
    path: ["locale"],
    error: "There is no sentence of this version in this language",
  });
export type Consent = z.infer<typeof consentSchema>;

export const consentParam = consentSchema.optional().meta({
  description:
    "Why the people shown may be shown so. Needed where somebody's face comes out different, and on servers that want it for everything.",
});

/** As records keep it. `by`: the caller has said so, in these words; or the operator answers for all callers of a dialect. */
export type Attestation = { owner_hash?: string | undefined; at: number } & (
  | { by: "caller"; subject: Consent["subject"]; text_version: string; text_sha256: string; locale: string }
  | { by: "operator" }
);

type Consenting = Pick<Kind, "alters" | "animates">;

/** The fault of params that lack it where it is needed; `loc` from the request's body. `always`: whether this installation wants it for all that shows people. */
export function consentFaults({ alters, animates }: Consenting, params: Params, always = false): FieldError[] {
  const altered = alters(params);
  if (params.consent !== undefined || !(altered || (always && animates))) return [];
  const choices = CONSENT_SUBJECTS.join(", ");
  const where = altered ? "where somebody's face is changed" : "on this server";
  const msg = `is needed ${where}, as {"subject": …}: why the people shown may be shown so, one of ${choices}. For clients that cannot send it, the operator of the server may answer (ATTEST).`;
  return [{ loc: ["body", "params", "consent"], msg, type: "missing" }];
}

/** Whether the record of such a job says who has agreed. */
export function isAttestable({ alters }: Pick<Kind, "alters">, params: Params): boolean {
  return params.consent !== undefined || alters(params);
}

/** `params`: checked. Undefined where nothing was said and nobody's face is changed. `at`: ms since 1970. */
export function attestationOf(
  kind: Pick<Kind, "alters">,
  params: Params,
  { owner_hash, at }: { owner_hash?: string | undefined; at: number },
): Attestation | undefined {
  if (!isAttestable(kind, params)) return undefined;
  const consent = params.consent as Consent | undefined;
  const said = { at, ...(owner_hash === undefined ? {} : { owner_hash }) };
  if (!consent) return { by: "operator", ...said };
  const { subject, text_version = CONSENT_VERSION, locale = "en" } = consent;
  return { by: "caller", subject, text_version, text_sha256: textSha256(consent)!, locale, ...said };
}

type Words = { text_version?: string | undefined; locale?: string | undefined };

function textSha256({ text_version = CONSENT_VERSION, locale = "en" }: Words): string | null {
  return consentTextSha256(text_version, locale);
}
