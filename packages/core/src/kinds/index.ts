/**
 * The kinds of jobs. To add one: a file beside this one, an entry in `KINDS`, a handler in `worker/kinds/`
 * (docs/extending.md).
 */
import { MAX_VIDEO_SECONDS } from "../media/limits.ts";
import type { Preset } from "../motion/preset.ts";
import { animate } from "./animate.ts";
import { convert } from "./convert.ts";
import { insert } from "./insert.ts";
import { type EngineSecrets, type Kind, type KindContext, type KindEntry, type Kinds, PLAN_QUEUE } from "./kind.ts";
import { lipsync } from "./lipsync.ts";
import { personalize } from "./personalize.ts";
import { previews } from "./previews.ts";
import { processImage, processVideo } from "./process.ts";
import { speak } from "./speak.ts";
import { survey } from "./survey.ts";
import { talk } from "./talk.ts";

/** What a photo may be that is inspected: one that jobs take. */
export { IMAGE_SLOT as PICTURE_SLOT } from "./animate.ts";

export const KINDS: readonly KindEntry[] = [
  animate,
  previews,
  talk,
  lipsync,
  speak,
  processImage,
  processVideo,
  convert,
  personalize,
  survey,
  insert,
];

/** Expected work, seconds, from which a job goes to the long queue of its engine: Lambda is slow and stops after 15 minutes. */
const LONG_SECONDS = 120;

/** Maximum work expected of a job, seconds: time limits follow from it, and what a kind makes of a lying header may be anything. */
const MAX_SECONDS = 4 * 3600;

const NO_SECRETS: EngineSecrets = { takes: [], needs: [] };

type EngineOffer = {
  /** All engines of the installation's list, with the kinds that they can run. */
  known: readonly { name: string; kinds: readonly string[]; secrets?: EngineSecrets | undefined }[];
  /** By kind: the engines that serve it here, the default first. */
  serve: ReadonlyMap<string, string[]>;
  /** By engine: what it offers here, where kinds ask for more than their name says. */
  capabilities?: ReadonlyMap<string, readonly string[]>;
};

type KindsOptions = {
  kinds?: readonly KindEntry[] | undefined;
  presets: ReadonlyMap<string, Preset>;
  engines: EngineOffer;
  /** The queues that exist; by default, one for each engine. */
  queues?: ReadonlySet<string>;
  /** Maximum duration of a talking video, seconds. */
  maxVideoSeconds?: number;
  readRecipients?: KindContext["readRecipients"];
  /** Maximum work expected of a job, seconds, by queue; none where the queue is missing. */
  maxWork?: ReadonlyMap<string, number>;
};

/** The kinds as this installation serves them. */
export function createKinds({ kinds = KINDS, ...options }: KindsOptions): Kinds {
  return new Map(kinds.map((entry) => [entry.name, servedKind(entry, options)]));
}

/** Those that clients may know of and ask for. */
export function kindsForClients(kinds: Kinds): Kinds {
  return new Map([...kinds].filter(([, { internal }]) => !internal));
}

function longQueue(engine: string): string {
  return `${engine}-long`;
}

function servedKind(entry: KindEntry, options: Omit<KindsOptions, "kinds">): Kind {
  const { presets, engines, queues = new Set(), maxVideoSeconds = MAX_VIDEO_SECONDS, maxWork } = options;
  const { readRecipients } = options;
  const { name, worker, internal = false } = entry;
  const knownEngines = engines.known.filter(({ kinds }) => kinds.includes(name)).map((engine) => engine.name);
  const here = engines.serve.get(name) ?? [];
  const withLong = (engine: string) => (queues.has(longQueue(engine)) ? [engine, longQueue(engine)] : [engine]);
  const planQueues = queues.size === 0 || queues.has(PLAN_QUEUE) ? [PLAN_QUEUE] : [];
  const definition = entry.define({ presets, engines: knownEngines, maxVideoSeconds, readRecipients });
  const required = Object.entries(definition.slots).filter(([, { files }]) => files.min > 0);
  return {
    resolveParams: (params) => params,
    conflicts: () => [],
    mismatches: () => [],
    needs: () => [],
    alters: () => false,
    sale: "none",
    animates: false,
    contents: {},
    secrets: [],
    making: { action: "created" },
    unmarked: () => null,
    labels: false,
    example: { inputs: required.map(([slot]) => slot), params: {} },
    ...definition,
    estimateSeconds: (params, inputs) => withinReason(definition.estimateSeconds(params, inputs)),
    name,
    worker,
    internal,
    engines: here,
    capabilities: new Map(
      here.map((engine) => [engine, (definition.needs && engines.capabilities?.get(engine)) ?? []]),
    ),
    knownEngines,
    secretsOf: (engine) => engines.known.find((each) => each.name === engine)?.secrets ?? NO_SECRETS,
    queueOf: (engine, estimateSeconds) => {
      if (engine === null) return PLAN_QUEUE;
      return estimateSeconds > LONG_SECONDS ? withLong(engine).at(-1)! : engine;
    },
    maxWorkOf: (queue) => maxWork?.get(queue) ?? Number.POSITIVE_INFINITY,
    queues: worker === "plan" ? planQueues : here.flatMap(withLong),
  };
}

function withinReason(seconds: number): number {
  return Number.isNaN(seconds) ? MAX_SECONDS : Math.min(MAX_SECONDS, Math.max(0, seconds));
}
