/**
 * One step of a plan. The plan is asked with the children that have ended; what it wants created gets the numbers that follow
 * them. A plan that is asked again after a crash answers the same, and finds what it had created by these numbers.
 */
import { AppError } from "@smileloop/core/errors.ts";
import type { JobResult } from "@smileloop/core/job/change.ts";
import { childId } from "@smileloop/core/job/ids.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { checkFile, copyInputs, factsOf, type Given } from "@smileloop/core/jobs/check-file.ts";
import { createChild, endedChildren, type NewChild } from "@smileloop/core/jobs/children.ts";
import type { CreateJob, JobStore } from "@smileloop/core/jobs/jobs.ts";
import { checkSubmission, workOf } from "@smileloop/core/jobs/submission.ts";
import type { Kinds } from "@smileloop/core/kinds/kind.ts";
import { sealerOf } from "@smileloop/core/seals.ts";
import type { StoreIo } from "./job-io.ts";
import type { ChildInput, ChildJob, ClaimedJob, PlanHandler } from "./kinds/handler.ts";

/** The plan goes on when its children have ended: how many there are, and how many had ended when it was asked. */
export type Waits = { children: number; ended: number };

type PlanDeps = JobStore & { kinds: Kinds };

/** Throws AppErrors: what the plan throws, and what is wrong with a child that it asks for. */
export async function takeStep(
  deps: PlanDeps,
  handler: PlanHandler,
  job: ClaimedJob,
  io: StoreIo,
): Promise<JobResult | Waits> {
  const { record } = job;
  const known = record.children ?? 0;
  // what an attempt that crashed has created beyond them is asked for again
  const ended = [...(await endedChildren(deps, record))].flatMap(([index, child]) => (index < known ? [child] : []));
  const step = await handler.plan(job, ended, io);
  if (!("create" in step)) return { ...step, engineVersion: null, timings: {} };
  if (record.root !== undefined) {
    throw new AppError(
      "invalid_request",
      "A part of a plan cannot have parts itself: the plan has to create them all.",
    );
  }
  if (step.create.length === 0) throw new AppError("internal", "The plan waits for children, but has created none.");
  for (const [nth, child] of step.create.entries()) {
    io.signal.throwIfAborted();
    await create(deps, record, known + nth, child, ended);
  }
  return { children: known + step.create.length, ended: ended.length };
}

async function create(
  deps: PlanDeps,
  root: JobRecord,
  index: number,
  { kind, params, inputs }: ChildJob,
  ended: JobRecord[],
): Promise<void> {
  const counts = Object.fromEntries(Object.entries(inputs).map(([slot, list]) => [slot, list.length]));
  const submission = checkSubmission(deps.kinds, {
    ...{ kind, inputs: counts, params },
    // its root was asked for it
    attested: true,
  });
  const found: Record<string, Given[]> = {};
  for (const [slot, list] of Object.entries(inputs)) {
    found[slot] = [];
    for (const input of list) {
      const { key, source } = sourceOf(root, ended, input);
      found[slot].push({ source, file: await checkFile(deps.files, key, submission.kind.slots[slot]!) });
    }
  }
  const id = childId(root.id, index);
  const made: NewChild & Pick<CreateJob, "sealed"> = {
    kind,
    ...workOf(submission, factsOf(found)),
    engine: submission.engine,
    // what is left to chance follows from the root's id and the number
    params: submission.kind.resolveParams(submission.params, `${root.id}${index.toString(16).padStart(8, "0")}`),
    sealed: sealerOf(deps.seals, submission.secrets),
    metadata: {},
    storeInputs: () => copyInputs(deps.files, { owner: root.owner, id }, found),
  };
  await createChild(deps, root, index, made);
}

function sourceOf(root: JobRecord, ended: JobRecord[], input: ChildInput): { key: string; source: string } {
  if ("input" in input) {
    const file = root.inputs[input.input]?.[input.nth ?? 0];
    if (file) return { key: file.key, source: `job:${root.id}/${input.input}` };
    throw new AppError("internal", `The plan has no input '${input.input}'.`);
  }
  const child = ended.find(({ index }) => index === input.child);
  const output = child?.outputs[input.output];
  if (child && output) return { key: output.key, source: `job:${child.id}/${input.output}` };
  throw new AppError("internal", `The child ${input.child} of the plan has no output '${input.output}'.`);
}
