/**
 * One step of a plan. The plan is asked with the children that have ended; what it wants created gets the numbers that follow
 * them. A plan that is asked again after a crash answers the same, and finds what it had created by these numbers.
 *
 * What children are given stays where it is: the inputs of the root, and the outputs of children that have ended, are there until
 * the root is closed, and its children with it.
 */
import { AppError } from "@smileloop/core/errors.ts";
import type { Files } from "@smileloop/core/files.ts";
import type { JobResult } from "@smileloop/core/job/change.ts";
import type { JobRecord, Progress } from "@smileloop/core/job/record.ts";
import { checkFile, factsOf, type Given, inputsInPlace } from "@smileloop/core/jobs/check-file.ts";
import { createChildren, type NewChild } from "@smileloop/core/jobs/children.ts";
import type { CreateJob, JobStore } from "@smileloop/core/jobs/jobs.ts";
import { checkSubmission, workOf } from "@smileloop/core/jobs/submission.ts";
import { endedChildren } from "@smileloop/core/jobs/waiting.ts";
import type { Kind, Kinds } from "@smileloop/core/kinds/kind.ts";
import { type Secrets, sealerOf, secretsOf } from "@smileloop/core/seals.ts";
import type { StoreIo } from "./job-io.ts";
import type { ChildInput, ChildJob, ClaimedJob, PlanHandler } from "./kinds/handler.ts";

/**
 * The plan goes on when its children have ended: how many there are, how many had ended when it was asked, and how many it expects to have.
 */
export type Waits = { children: number; ended: number; expected?: number | undefined };

type PlanDeps = JobStore & { kinds: Kinds };

/** Throws AppErrors: what the plan throws, and what is wrong with a child that it asks for. */
export async function takeStep(
  deps: PlanDeps,
  handler: PlanHandler,
  job: ClaimedJob,
  io: StoreIo,
  report: (progress: Progress) => void,
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
  const wanted = step.create;
  const total = wanted.length;
  const percent = record.progress?.percent ?? 0;
  const sources = sourcesOf(deps.files, record, ended);
  await createChildren(
    deps,
    record,
    wanted.keys().map((nth) => known + nth),
    (index) => made(deps, record, index, wanted[index - known]!, sources),
    { signal: io.signal, onCreated: (done) => report({ stage: "planning", done, total, percent }) },
  );
  return { children: known + total, ended: ended.length, expected: step.expected };
}

async function made(
  deps: PlanDeps,
  root: JobRecord,
  index: number,
  { kind, params, inputs }: ChildJob,
  sources: Sources,
): Promise<NewChild & Pick<CreateJob, "sealed">> {
  const counts = Object.fromEntries(Object.entries(inputs).map(([slot, list]) => [slot, list.length]));
  const submission = checkSubmission(deps.kinds, {
    ...{ kind, inputs: counts, params: { ...params, ...inherited(deps, root, kind) } },
    // its root was asked for it
    attested: true,
  });
  const found: Record<string, Given[]> = {};
  for (const [slot, list] of Object.entries(inputs)) {
    found[slot] = [];
    for (const input of list) found[slot].push(await sources(input, submission.kind, slot));
  }
  return {
    kind,
    ...workOf(submission, factsOf(found)),
    engine: submission.engine,
    // what is left to chance follows from the root's id and the number
    params: submission.kind.resolveParams(submission.params, `${root.id}${index.toString(16).padStart(8, "0")}`),
    sealed: sealerOf(deps.seals, submission.secrets),
    metadata: {},
    storeInputs: async () => inputsInPlace(found),
  };
}

/** The secrets of the root that the kind of a child has, too; each child has them sealed for itself. */
function inherited({ kinds, seals }: PlanDeps, root: JobRecord, kind: string): Secrets {
  const names = kinds.get(kind)?.secrets ?? [];
  const sealed = Object.entries(root.sealed ?? {}).filter(([name]) => names.includes(name));
  return secretsOf(seals, { id: root.id, sealed: Object.fromEntries(sealed) });
}

type Sources = (input: ChildInput, kind: Kind, slot: string) => Promise<Given>;

/** Finds and checks what children are given. A file is checked once for each slot, however many children share it. */
function sourcesOf(files: Files, root: JobRecord, ended: JobRecord[]): Sources {
  const byNumber = new Map(ended.map((child) => [child.index, child]));
  const checked = new Map<string, ReturnType<typeof checkFile>>();
  return async (input, kind, slot) => {
    const { key, source } = sourceOf(root, byNumber, input);
    const name = `${kind.name} ${slot} ${key}`;
    const file = checked.get(name) ?? checkFile(files, key, kind.slots[slot]!);
    checked.set(name, file);
    return { source, file: await file };
  };
}

function sourceOf(
  root: JobRecord,
  ended: ReadonlyMap<number | undefined, JobRecord>,
  input: ChildInput,
): { key: string; source: string } {
  if ("input" in input) {
    const file = root.inputs[input.input]?.[input.nth ?? 0];
    if (file) return { key: file.key, source: `job:${root.id}/${input.input}` };
    throw new AppError("internal", `The plan has no input '${input.input}'.`);
  }
  const child = ended.get(input.child);
  const output = child?.outputs[input.output];
  if (child && output) return { key: output.key, source: `job:${child.id}/${input.output}` };
  throw new AppError("internal", `The child ${input.child} of the plan has no output '${input.output}'.`);
}
