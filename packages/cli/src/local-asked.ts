/** From what was typed to a submission with its files, checked before any process is started for them. */
import { readFile } from "node:fs/promises";
import { type AppError, hasCode } from "@smileloop/core/errors.ts";
import { requireContents } from "@smileloop/core/jobs/check-contents.ts";
import { checkSubmission, type Submission } from "@smileloop/core/jobs/submission.ts";
import type { Kinds, Params } from "@smileloop/core/kinds/kind.ts";
import { type InputFile, nameOf, openInput } from "./input-file.ts";
import { UsageError } from "./usage-error.ts";

export type LocalAsked = {
  kind: string;
  params: Params;
  /** The command, where it is not called as the kind is. */
  command?: string;
  /** What was typed, by slot; null: nothing. */
  inputs: Readonly<Record<string, string | readonly string[] | null>>;
  /** Names of params whose option has another name than theirs with hyphens. */
  options?: Readonly<Record<string, string>>;
  /** By slot: what to give instead of a file that is not taken; the kind's own advice by default. */
  help?: Readonly<Record<string, string>>;
};

export type InputFiles = Record<string, InputFile[]>;

/** Who runs a command on their own machine answers for it. Throws UsageError that names the option, `engine_not_configured`. */
export function checkAsked(kinds: Kinds, job: LocalAsked): Submission {
  const inputs = Object.fromEntries(givenOf(job).map(([slot, given]) => [slot, given.length]));
  try {
    return checkSubmission(kinds, { kind: job.kind, inputs, params: job.params, attested: true });
  } catch (error) {
    if (!hasCode(error, "invalid_request")) throw error;
    const [fault] = (error as AppError).errors ?? [];
    const [, at, param] = fault?.loc ?? [];
    // messages about two options name both of them already
    const single = at === "params" && typeof param === "string" && Object.hasOwn(job.params, param);
    // what is typed as an option may lie deep in a param
    const [, deeper, rest] = /^([a-z_]+)(?:\.\d+)*: (.+)$/.exec(fault?.msg ?? "") ?? [];
    const inner = deeper ?? fault?.loc.findLast((part) => typeof part === "string") ?? "";
    const option = single ? optionOf(job, inner) : "";
    throw new UsageError(single ? `${option}: ${rest ?? fault?.msg}.` : (fault?.msg ?? ""), job.command ?? job.kind);
  }
}

/** `folder`: where what comes through a pipe is kept. Throws what `openInput` and `requireContents` throw. */
export async function openInputs(
  job: LocalAsked,
  submission: Submission,
  { folder, signal }: { folder: string; signal: AbortSignal },
): Promise<InputFiles> {
  const files: InputFiles = {};
  for (const [slot, given] of givenOf(job)) {
    const known = submission.kind.slots[slot]!;
    const help = job.help?.[slot];
    const options = { slot: help === undefined ? known : { ...known, help }, folder, signal };
    files[slot] = [];
    for (const one of given) files[slot].push(await openInput(one, options));
    const look = ({ path, type }: InputFile) => requireContents({ ...submission, slot }, type, () => readFile(path));
    await Promise.all(files[slot].map(look));
  }
  return files;
}

/** A sentence of the worker, which names params as requests have them. */
export function inOptions(job: LocalAsked, sentence: string): string {
  return sentence.replaceAll(/\bparams\.([a-z_]+)/g, (_, param: string) => optionOf(job, param));
}

/** A sentence about the files of a slot begins with their names. */
export function withNames(job: LocalAsked, slot: string | undefined, sentence: string): string {
  const [, given] = givenOf(job).find(([name]) => name === slot) ?? [];
  const names = (given ?? []).map(nameOf);
  return names.length === 0 || names.some((name) => sentence.includes(name))
    ? sentence
    : `${names.join(", ")}: ${sentence}`;
}

/** As it is typed. */
function optionOf({ options }: LocalAsked, param: string): string {
  return `--${options?.[param] ?? param.replaceAll("_", "-")}`;
}

function givenOf({ inputs }: Pick<LocalAsked, "inputs">): [slot: string, given: readonly string[]][] {
  const lists = Object.entries(inputs).map(([slot, given]) => [slot, [given ?? []].flat()] as [string, string[]]);
  return lists.filter(([, given]) => given.length > 0);
}
