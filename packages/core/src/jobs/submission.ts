/**
 * From what somebody asks for to a job that can be created: kind, slots, params, engine, queue. The API, the command line and
 * plans come through here; who looks at the files themselves, and where they lie, is their own affair.
 */

import { consentFaults } from "../consent.ts";
import { fieldErrors } from "../errors/fields.ts";
import { AppError, type FieldError } from "../errors.ts";
import type { Kind, Kinds, Params, SlotFacts } from "../kinds/kind.ts";
import type { Secrets } from "../seals.ts";
import { shown } from "../text.ts";

/** `inputs`: how many files each slot is given. `attested`: somebody else answers for the consent of those whose faces are changed. `wantsConsent`: this installation wants it of all jobs that make people move. `labeled`: pictures get a label where the params do not say. */
type Asked = {
  kind: string;
  inputs: Record<string, number>;
  params: Params;
  attested?: boolean;
  wantsConsent?: boolean;
  labeled?: boolean;
};

/** A request with valid params and slots, whose files are not checked yet. `params`: without the secret ones. `engine`: null for plans. */
export type Submission = { kind: Kind; params: Params; secrets: Secrets; engine: string | null };

/** Expected work, seconds, and the queue for it. */
type Work = { estimateSeconds: number; queue: string };

/** Throws `invalid_request` with every fault (`loc` from the request's `body`), `engine_not_configured`. */
export function checkSubmission(kinds: Kinds, asked: Asked): Submission {
  const { kind: name, inputs, params, attested, wantsConsent, labeled = false } = asked;
  const kind = kinds.get(name);
  if (!kind) {
    const msg = `Unknown kind ${shown(name)}. Choose from: ${[...kinds.keys()].sort().join(", ")}`;
    throw new AppError("invalid_request", msg, { errors: [{ loc: ["body", "kind"], msg, type: "invalid_value" }] });
  }
  const parsed = kind.params.safeParse(params);
  const filled = Object.keys(inputs).filter((slot) => inputs[slot]! > 0);
  const faults = [
    ...slotFaults(kind, inputs),
    ...(parsed.success ? [] : fieldErrors(parsed.error, ["body", "params"])),
    ...kind.conflicts(params, filled).map((fault) => ({ ...fault, loc: ["body", ...fault.loc] })),
    ...(attested ? [] : consentFaults(kind, params, wantsConsent)),
  ];
  if (!parsed.success || faults.length > 0) {
    throw new AppError("invalid_request", faultSentence(faults), { errors: faults });
  }
  const label = labeled && kind.labels ? { label: params.label ?? true } : {};
  const wanted = { kind, ...withoutSecrets(kind, { ...parsed.data, ...label }) };
  if (kind.worker === "engine") return { ...wanted, engine: engineFor(wanted) };
  if (kind.queues.length > 0) return { ...wanted, engine: null };
  throw new AppError("engine_not_configured", `There are no workers for jobs of the kind '${kind.name}' here.`);
}

/** The first fault, by the name of its field where the sentence does not have it. */
function faultSentence([first]: FieldError[]): string {
  if (first === undefined) return "The params are not valid.";
  const [, at, ...path] = first.loc;
  return at === "params" && path.length > 0 ? `${path.join(".")}: ${first.msg}` : first.msg;
}

/**
 * `inputs`: what the headers of the files say. Throws `invalid_request` where they do not fit the params, and `input_too_large` where
 * the workers of its queue have no time for so much.
 */
export function workOf({ kind, params, engine }: Submission, inputs: SlotFacts): Work {
  requireFitting(kind, params, inputs);
  const estimateSeconds = kind.estimateSeconds(params, inputs);
  const queue = kind.queueOf(engine, estimateSeconds);
  requireDoable(kind, queue, estimateSeconds);
  return { estimateSeconds, queue };
}

/** Throws `invalid_request` with every fault (`loc` from the request's `body`). */
export function requireFitting({ mismatches }: Pick<Kind, "mismatches">, params: Params, inputs: SlotFacts): void {
  const faults = mismatches(params, inputs).map((fault) => ({ ...fault, loc: ["body", ...fault.loc] }));
  if (faults.length > 0) throw new AppError("invalid_request", faultSentence(faults), { errors: faults });
}

/** Throws `input_too_large`, with both figures. */
export function requireDoable({ maxWorkOf }: Pick<Kind, "maxWorkOf">, queue: string, estimateSeconds: number): void {
  const most = maxWorkOf(queue);
  if (estimateSeconds <= most) return;
  const work = `This is about ${Math.round(estimateSeconds)} s of work; at most ${most} s are done here.`;
  const help = "A shorter input, a smaller `size` or a lower `fps` makes it less.";
  throw new AppError("input_too_large", `${work} ${help}`);
}

function withoutSecrets({ secrets: names }: Kind, params: Params): { params: Params; secrets: Secrets } {
  const isSecret = ([name, value]: [string, unknown]) => names.includes(name) && value !== undefined;
  const entries = Object.entries(params);
  const secrets = Object.fromEntries(entries.filter(isSecret).map(([name, value]) => [name, String(value)]));
  return { params: Object.fromEntries(entries.filter((entry) => !isSecret(entry))), secrets };
}

/** The engine that is asked for, or the first that offers everything the params need, takes all secrets that are given and needs no other. */
function engineFor({ kind, params, secrets }: Omit<Submission, "engine">): string {
  const named = typeof params.engine === "string" ? params.engine : null;
  if (named !== null ? !kind.engines.includes(named) : kind.engines.length === 0) {
    const here = kind.engines.length > 0 ? ` Configured for this kind: ${kind.engines.join(", ")}.` : "";
    const message = `The engine ${shown(named ?? kind.name)} is not configured here.${here}`;
    throw new AppError("engine_not_configured", message);
  }
  const able = ableEngines(kind, params, named);
  const given = Object.keys(secrets);
  const engine = able.find((name) => secretFault(kind, name, given) === null);
  if (engine !== undefined) return engine;
  const fault = secretFault(kind, able[0]!, given)!;
  throw new AppError("invalid_request", faultSentence([fault]), { errors: [fault] });
}

/** Those that offer everything the params need, at least one. Throws `engine_not_configured`. */
function ableEngines(kind: Kind, params: Params, named: string | null): string[] {
  const needs = [...new Set(kind.needs(params))];
  const offered = (engine: string) => kind.capabilities.get(engine) ?? [];
  const able = (named !== null ? [named] : kind.engines).filter((engine) =>
    needs.every((need) => offered(engine).includes(need)),
  );
  if (able.length > 0) return able;
  const nowhere = needs.filter((need) => !kind.engines.some((each) => offered(each).includes(need)));
  const offers = kind.engines.map((each) => `${each} offers ${offered(each).join(", ") || "nothing of the kind"}`);
  const what =
    nowhere.length > 0
      ? `No engine here offers ${nowhere.join(", ")}`
      : `${named !== null ? `The engine ${shown(named)} does not offer` : "No engine here alone offers"} all of ${needs.join(", ")}`;
  throw new AppError("engine_not_configured", `${what}: ${offers.join("; ")}.`);
}

function secretFault({ secretsOf }: Kind, engine: string, given: string[]): FieldError | null {
  const { takes, needs } = secretsOf(engine);
  const at = (name: string) => ["body", "params", name];
  const missing = needs.find((name) => !given.includes(name));
  if (missing !== undefined) return { loc: at(missing), msg: `is needed by the engine ${engine}`, type: "missing" };
  const spare = given.find((name) => !takes.includes(name));
  if (spare === undefined) return null;
  return { loc: at(spare), msg: `is not for the engine ${engine}: leave it out`, type: "invalid_value" };
}

function slotFaults({ slots }: Kind, inputs: Asked["inputs"]): FieldError[] {
  const known = Object.keys(slots).sort().join(", ");
  const wrongNumber = Object.entries(slots).flatMap(([slot, { files }]): FieldError[] => {
    const count = (Object.hasOwn(inputs, slot) && inputs[slot]) || 0;
    const loc = ["body", "inputs", slot];
    if (count === 0 && files.min > 0) return [{ loc, msg: `The input '${slot}' is needed.`, type: "missing" }];
    if (count < files.min)
      return [{ loc, msg: `'${slot}': at least ${files.min} files, got ${count}.`, type: "too_small" }];
    if (count > files.max) {
      const most = files.max === 1 ? "one file" : `at most ${files.max} files`;
      return [{ loc, msg: `'${slot}': ${most}, got ${count}.`, type: "too_big" }];
    }
    return [];
  });
  const unknown = Object.keys(inputs)
    .filter((slot) => !Object.hasOwn(slots, slot))
    .map((slot) => ({
      loc: ["body", "inputs", slot],
      msg: `There is no input ${shown(slot)}. Choose from: ${known}`,
      type: "unrecognized_keys",
    }));
  return [...wrongNumber, ...unknown];
}
