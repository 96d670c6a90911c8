/**
 * What is asked for: `request`, JSON text in a part of a form, or its keys as parts of their own. Either way, what is not known or out of
 * range is a fault: nothing is accepted and ignored.
 */

import { consentSchema } from "@smileloop/core/consent.ts";
import { fieldErrors } from "@smileloop/core/errors/fields.ts";
import { AppError, type FieldError, hasCode } from "@smileloop/core/errors.ts";
import {
  PROCESSOR_NAMES,
  type ProcessorName,
  type ProcessorStep,
  processorEntry,
  processorStepSchema,
} from "@smileloop/core/faces/processors.ts";
import { SCALE } from "@smileloop/core/faces/scale.ts";
import { DETECTORS, executionSchema } from "@smileloop/core/faces/selection.ts";
import { MAX_URL_CHARS } from "@smileloop/core/fetch/target.ts";
import { z } from "zod";
import { parseJson } from "../../http/json-body.ts";
import type { Form } from "../../http/multipart.ts";
import type { WebhookAsked } from "../../webhooks.ts";
import { labelField, labelParams } from "../label.ts";
import { MEDIA, type Medium } from "./names.ts";

const MAX_STEPS = 10;
const { providers, threads } = executionSchema.shape;
const { subject } = consentSchema.shape;
const scale = z.int().min(SCALE.least).max(SCALE.most).default(100);
const step = z.union([processorStepSchema, z.enum(PROCESSOR_NAMES)]);

export const requestSchema = z.strictObject({
  processors: z.array(step).min(1).max(MAX_STEPS).default(["face_swapper"]),
  execution_providers: providers,
  execution_thread_count: threads,
  output_video_fps: z.number().min(1).max(120).nullable().default(null),
  output_image_scale: scale,
  output_video_scale: scale,
  face_detector_model: z.enum(DETECTORS).optional(),
  face_detector_score: z.number().min(0).max(1).default(0.5),
  webhook_url: z.string().max(MAX_URL_CHARS).nullable().optional(),
  consent: subject.optional(),
  label: labelField,
});
/** `webhook`: where its end is reported, and where the request says so. */
export type Asked = z.infer<typeof requestSchema> & { webhook: Omit<WebhookAsked, "base"> | null };

const NAMES = Object.keys(requestSchema.shape);
const LISTS = ["processors", "execution_providers"];
const NUMBER = /^\s*-?\d{1,9}(\.\d{1,9})?\s*$/;
const MAX_TEXT_BYTES = 64 * 1024;

/** The text parts of a form. A list may be one part (`a,b` or JSON), or a part for each item. */
export const TEXT_PARTS = Object.fromEntries(
  ["request", ...NAMES].map((name) => [
    name,
    { maxBytes: MAX_TEXT_BYTES, ...(LISTS.includes(name) ? { most: MAX_STEPS } : {}) },
  ]),
);

type TextParts = Pick<Form<unknown>, "fields" | "lists" | "faults">;

/** Throws `invalid_request` with every fault. */
export function readAsked(form: TextParts): Asked {
  const whole = form.fields.get("request");
  const inRequest = whole === undefined ? {} : objectOf(whole);
  const own = ownParts(form);
  const place = (name: unknown) => (Object.hasOwn(inRequest, String(name)) ? ["body", "request"] : ["body"]);
  const twice = Object.keys(own).filter((name) => Object.hasOwn(inRequest, name));
  const faults = [
    ...form.faults,
    ...twice.map((name) => ({
      ...{ loc: ["body", name], type: "duplicate" },
      msg: "Also in `request`: say it once",
    })),
  ];
  const parsed = requestSchema.safeParse({ ...inRequest, ...own });
  for (const { loc, msg, type } of parsed.error ? fieldErrors(parsed.error, []) : []) {
    faults.push({ loc: [...(loc.length === 0 ? ["body", "request"] : place(loc[0])), ...loc], msg, type });
  }
  if (faults.length > 0 || !parsed.data) throw notValid(faults);
  const { webhook_url: url } = parsed.data;
  const webhook = typeof url === "string" ? { url, loc: [...place("webhook_url"), "webhook_url"] } : null;
  return { ...parsed.data, webhook };
}

function objectOf(text: string): Record<string, unknown> {
  const loc = ["body", "request"];
  const value = jsonOf(text, loc);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw notValid([{ loc, msg: "must be a JSON object", type: "model_attributes_type" }]);
}

function jsonOf(text: string, loc: string[]): unknown {
  try {
    return parseJson(Buffer.from(text));
  } catch (error) {
    if (!hasCode(error, "malformed")) throw error;
    const reason = ((error as Error).cause as Error | undefined)?.message ?? "it cannot be read";
    throw notValid([{ loc, msg: `JSON decode error: ${reason}`, type: "json_invalid" }]);
  }
}

/** Empty parts are what forms send for what was left open. */
function ownParts({ fields, lists }: TextParts): Record<string, unknown> {
  const single = NAMES.flatMap((name) => {
    const text = fields.get(name);
    if (text === undefined || text === "") return [];
    return [[name, text === "null" ? null : NUMBER.test(text) ? Number(text) : text] as const];
  });
  const several = LISTS.flatMap((name) => {
    const items = (lists.get(name) ?? []).flatMap((text) => itemsOf(text, ["body", name]));
    return items.length === 0 ? [] : [[name, items] as const];
  });
  return Object.fromEntries([...single, ...several]);
}

function itemsOf(text: string, loc: string[]): unknown[] {
  if (/^\s*[[{]/.test(text)) return [jsonOf(text, loc)].flat();
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

export function namesOf({ processors }: Pick<Asked, "processors">): ProcessorName[] {
  return processors.map((each) => (typeof each === "string" ? each : (each as ProcessorStep).name));
}

/** What the kind is asked. `attested`: whether the operator answers for consent. Throws `invalid_request` where it is missing. */
export function paramsOf(asked: Asked, medium: Medium, { attested }: { attested: boolean }): Record<string, unknown> {
  const { face_detector_model: model, face_detector_score: score } = asked;
  return {
    processors: asked.processors,
    scale: asked[medium.scale],
    ...(medium === MEDIA.video ? { fps: asked.output_video_fps } : {}),
    detector: { score, ...(model === undefined ? {} : { model }) },
    execution: { providers: asked.execution_providers, threads: asked.execution_thread_count },
    ...labelParams(asked),
    ...consentOf(asked, attested),
  };
}

function consentOf(asked: Asked, attested: boolean): { consent?: { subject: Asked["consent"] } } {
  if (asked.consent !== undefined) return { consent: { subject: asked.consent } };
  const altering = namesOf(asked).filter((name) => processorEntry(name).alters);
  if (altering.length === 0 || attested) return {};
  const msg =
    `Field required for ${altering.join(", ")}: one of ${subject.options.join(", ")}, as a field of the form. The operator of ` +
    "the server may answer for all clients instead, with FACEFUSION_ATTEST=operator.";
  throw notValid([{ loc: ["body", "consent"], msg, type: "missing" }]);
}

export function notValid(errors: FieldError[]): AppError {
  return new AppError("invalid_request", "The request is not valid.", { errors });
}
