/**
 * From what somebody asks for to a job that can be created: kind, slots, params, engine, queue. The API, the command line and
 * plans come through here; who looks at the files themselves, and where they lie, is their own affair.
 */

import { fieldErrors } from "../errors/fields.ts";
import { AppError, type FieldError } from "../errors.ts";
import type { Kind, Kinds, Params, SlotFacts } from "../kinds/kind.ts";
import { shown } from "../text.ts";

/** `inputs`: how many files each slot is given. */
type Asked = { kind: string; inputs: Record<string, number>; params: Params };

/** A request with valid params and slots, whose files are not checked yet. `engine`: null for plans. */
export type Submission = { kind: Kind; params: Params; engine: string | null };

/** Expected work, seconds, and the queue for it. */
type Work = { estimateSeconds: number; queue: string };

/** Throws `invalid_request` with every fault (`loc` from the request's `body`), `engine_not_configured`. */
export function checkSubmission(kinds: Kinds, { kind: name, inputs, params }: Asked): Submission {
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
  ];
  if (!parsed.success || faults.length > 0) {
    throw new AppError("invalid_request", faultSentence(faults), { errors: faults });
  }
  if (kind.worker === "engine") return { kind, params: parsed.data, engine: engineFor(kind, parsed.data) };
  if (kind.queues.length > 0) return { kind, params: parsed.data, engine: null };
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

/** The engine that was named, or the first one that offers everything that the params need. */
function engineFor(kind: Kind, params: Params): string {
  const named = typeof params.engine === "string" ? params.engine : null;
  if (named !== null ? !kind.engines.includes(named) : kind.engines.length === 0) {
    const here = kind.engines.length > 0 ? ` Configured for this kind: ${kind.engines.join(", ")}.` : "";
    const message = `The engine ${shown(named ?? kind.name)} is not configured here.${here}`;
    throw new AppError("engine_not_configured", message);
  }
  const needs = [...new Set(kind.needs(params))];
  const offered = (engine: string) => kind.capabilities.get(engine) ?? [];
  const able = named !== null ? [named] : kind.engines;
  const engine = able.find((each) => needs.every((need) => offered(each).includes(need)));
  if (engine !== undefined) return engine;
  const nowhere = needs.filter((need) => !kind.engines.some((each) => offered(each).includes(need)));
  const offers = kind.engines.map((each) => `${each} offers ${offered(each).join(", ") || "nothing of the kind"}`);
  const what =
    nowhere.length > 0
      ? `No engine here offers ${nowhere.join(", ")}`
      : `${named !== null ? `The engine ${shown(named)} does not offer` : "No engine here alone offers"} all of ${needs.join(", ")}`;
  throw new AppError("engine_not_configured", `${what}: ${offers.join("; ")}.`);
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
