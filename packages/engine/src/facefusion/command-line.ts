/** What FaceFusion is asked for a job's steps, within what its command line takes. Pure. */
import { AppError, type Warning } from "@smileloop/core/errors.ts";
import { type ProcessorStep, processorEntry, processorStepSchema } from "@smileloop/core/faces/processors.ts";
import type { Detector, Execution } from "@smileloop/core/faces/selection.ts";
import { type Flag, snapped } from "./help.ts";
import { flagOfStep, type Installation } from "./installation.ts";

export type Asked = {
  faces: "largest" | "all" | "reference";
  /** With `reference`. */
  face: number;
  detector: Detector;
  execution: Execution;
};
type Known = Pick<Installation, "flags" | "version" | "processors" | "modelsOf">;

/** Names of detectors that have changed. */
const RENAMED: Record<string, string> = { yoloface_8n: "yolo_face" };
const FACES = { largest: "one", all: "many", reference: "reference" } as const;
/** Set where the installation knows them: temporary files without loss, and little lost in what is read once more. */
const QUALITY = { "--temp-frame-format": "png", "--output-video-encoder": "libx264", "--output-video-quality": "95" };
const OTHERS = { "--face-selector-order": "large-small", "--video-memory-strategy": "strict", "--log-level": "info" };

/** Steps that one run can do, one run after another: its options are a processor's, so it takes each only once. */
export function runsOf(steps: readonly ProcessorStep[]): ProcessorStep[][] {
  const runs: ProcessorStep[][] = [[]];
  for (const step of steps) {
    if (runs.at(-1)!.some(({ name }) => name === step.name)) runs.push([]);
    runs.at(-1)!.push(step);
  }
  return runs;
}

/**
 * All arguments but the paths. `scale`: percent of the target's size that is asked for. Throws `invalid_request` or `not_supported` with
 * what is allowed, `engine_not_configured` for a step that is not here.
 */
export function argumentsOf(
  installation: Known,
  steps: readonly ProcessorStep[],
  { faces, face, detector, execution }: Asked,
  scale: number,
): { args: string[]; warnings: Warning[] } {
  const { flags, version } = installation;
  const warnings: Warning[] = [];
  const args = ["--processors", ...steps.map(({ name }) => name), "--face-selector-mode", FACES[faces]];
  const put = (flag: string, value: string): void => {
    const { choices } = flags.get(flag) ?? { choices: [] };
    if (!choices || choices.includes(value)) args.push(flag, value);
  };
  for (const [flag, value] of Object.entries({ ...OTHERS, ...QUALITY })) put(flag, value);
  if (faces === "reference") {
    const lacking = ["--reference-face-position", "--reference-frame-number"].find((flag) => !flags.has(flag));
    if (lacking)
      throw new AppError("not_supported", `FaceFusion ${version} has no ${lacking}. Set \`faces\` to largest or all.`);
    args.push("--reference-face-position", String(face), "--reference-frame-number", "0");
  }
  for (const step of steps) args.push(...optionsOf(installation, step));
  args.push(...scaleOf(installation, steps, scale));

  const model = detector.model && (RENAMED[detector.model] ?? detector.model);
  if (model && flags.get("--face-detector-model")?.choices?.includes(model)) args.push("--face-detector-model", model);
  else if (model)
    warnings.push({
      code: "detector_ignored",
      detail: `FaceFusion ${version} has no detector ${model}: its own choice is used.`,
    });
  const score = flags.get("--face-detector-score");
  if (score) args.push("--face-detector-score", snapped(detector.score, score));

  const offered = flags.get("--execution-providers")?.choices ?? [];
  const providers = execution.providers.filter((provider) => offered.includes(provider));
  const missing = execution.providers.filter((provider) => !offered.includes(provider));
  if (missing.length > 0) {
    const instead = providers.length > 0 ? providers.join(", ") : "cpu";
    const detail = `FaceFusion here does not run on ${missing.join(", ")}, so ${instead} is used. It has ${offered.join(", ") || "cpu"}.`;
    warnings.push({ code: "execution_ignored", detail });
  }
  if (offered.length > 0) args.push("--execution-providers", ...(providers.length > 0 ? providers : ["cpu"]));
  const threads = flags.get("--execution-thread-count");
  if (threads) args.push("--execution-thread-count", snapped(execution.threads, threads, 1));
  return { args, warnings };
}

function optionsOf(installation: Known, step: ProcessorStep): string[] {
  const { processors, modelsOf } = installation;
  const { name, ...options } = step as { name: ProcessorStep["name"]; model?: string } & Record<string, unknown>;
  if (!processors.includes(name)) {
    const offered = processors.join(", ") || "none";
    throw new AppError("engine_not_configured", `The FaceFusion here cannot do ${name}: it has ${offered}.`);
  }
  const models = modelsOf(name);
  // its default is a person whom nobody has asked for
  if (name === "deep_swapper" && options.model === undefined) {
    throw new AppError(
      "invalid_request",
      `deep_swapper needs \`model\`, the person it was trained on. Here are ${listed(models ?? [])}.`,
    );
  }
  const usual = processorStepSchema.parse({ name }) as unknown as Record<string, unknown>;
  const { model = models?.[0], ...rest } = options;
  const args: string[] = [];
  if (model !== undefined) args.push(...modelOf(installation, name, model));
  for (const [option, value] of Object.entries(rest)) {
    if (value !== undefined) args.push(...optionOf(installation, name, option, value, usual[option]));
  }
  return args;
}

function modelOf({ flags, version, modelsOf }: Known, name: ProcessorStep["name"], model: string): string[] {
  const models = modelsOf(name);
  if (models === null)
    throw new AppError(
      "not_supported",
      `${name} of FaceFusion ${version} has no choice of models: leave \`model\` out.`,
    );
  if (models.includes(model)) return [flagOfStep(name, "model"), model];
  const known = flags.get(flagOfStep(name, "model"))?.choices?.includes(model);
  const why = known ? "its files are not in the installation" : `FaceFusion ${version} does not know it`;
  throw new AppError(
    "invalid_request",
    `The model ${model} of ${name} cannot be used: ${why}. Here are ${listed(models)}.`,
  );
}

function optionOf({ flags, version }: Known, name: string, option: string, value: unknown, usual: unknown): string[] {
  const flag = flagOfStep(name, option);
  const known = flags.get(flag);
  if (!known) {
    if (JSON.stringify(value) === JSON.stringify(usual)) return [];
    throw new AppError("not_supported", `FaceFusion ${version} has no ${flag}: leave \`${option}\` of ${name} out.`);
  }
  if (typeof value === "number") return [flag, snapped(value, known, Number.isInteger(value) ? 1 : undefined)];
  const values = Array.isArray(value) ? value.map(String) : [String(value)];
  for (const each of values) requireChoice(known, each, `\`${option}\` of ${name}`);
  return [flag, ...values];
}

function requireChoice({ choices }: Flag, value: string, what: string): void {
  if (!choices || choices.includes(value)) return;
  throw new AppError("invalid_request", `${what} is ${value}; allowed are ${listed(choices)}.`);
}

/**
 * Results are brought to their size by us, so that every percentage can be had; but what a step makes larger is not to be made small first:
 * then the next larger one of its scales is asked for.
 */
function scaleOf({ flags }: Known, steps: readonly ProcessorStep[], scale: number): string[] {
  const enlarges = scale > 100 && steps.some(({ name }) => processorEntry(name).whole === true);
  return ["--output-image-scale", "--output-video-scale"].flatMap((flag) => {
    const known = flags.get(flag);
    if (!known) return [];
    const scales = (known.choices ?? []).map(Number).sort((a, b) => a - b);
    const wanted = enlarges ? (scales.find((each) => each >= scale / 100) ?? scales.at(-1) ?? 1) : 1;
    return [flag, known.choices?.find((each) => Number(each) === wanted) ?? wanted.toFixed(1)];
  });
}

const MOST_LISTED = 12;
function listed(names: readonly string[]): string {
  const shown = names.slice(0, MOST_LISTED).join(", ");
  return names.length > MOST_LISTED ? `${shown} and ${names.length - MOST_LISTED} more` : shown || "none";
}
