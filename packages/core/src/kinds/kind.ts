/** A kind of job: what it takes, what it makes, and how much work it is. The list of all kinds is in `index.ts`. */
import type { z } from "zod";
import type { FieldError } from "../errors.ts";
import type { Making } from "../marking/making.ts";
import type { Unmarked } from "../marking/mark.ts";
import type { Preset } from "../motion/preset.ts";
import type { ReadRecipients } from "../recipients/recipients.ts";
import type { InputFacts, Slot } from "./inputs.ts";

export type Params = Record<string, unknown>;
/** The files of a request by slot. */
export type SlotFacts = Record<string, InputFacts[]>;

/** Facts about the installation that a kind's definition may depend on. */
export type KindContext = {
  presets: ReadonlyMap<string, Preset>;
  /** Names of all engines that can run the kind, whether they are configured here or not: what `params.engine` may name. */
  engines: string[];
  /** Maximum duration of a talking video, seconds. */
  maxVideoSeconds: number;
  /** How lists of recipients are read; by default on the caller's thread. */
  readRecipients?: ReadRecipients | undefined;
};

export type KindDefinition = {
  title: string;
  slots: Record<string, Slot>;
  /** Checks params and fills in defaults. `engine`, where the kind has that param, names the engine. */
  params: z.ZodType<Params>;
  /** Names of the params that are secret: texts that no record keeps but sealed, and that only an engine gets that takes them. */
  secrets?: readonly string[];
  /** Params as the job keeps them: random values that the client left open are derived from the job's id. */
  resolveParams?: (params: Params, id: string) => Params;
  /** Conflicts between params and the slots that are filled; `loc` within the request's body. */
  conflicts?: (params: Params, slots: string[]) => FieldError[];
  /** What does not fit together once the headers of all files have been read, beside what `conflicts` says; `loc` as there. */
  mismatches?: (params: Params, inputs: SlotFacts) => FieldError[];
  /**
   * What is wrong inside a file, by slot, for slots whose files are read whole before the work begins: those small enough, whose faults
   * would come to light late. `params`: checked. `loc` as in `conflicts`.
   */
  contents?: Readonly<Record<string, CheckContents>>;
  /** What an engine has to offer to do this, of the capabilities that engines name. */
  needs?: (params: Params) => string[];
  /**
   * Whether the face of a person who is shown comes out different from how it was given. Then this person has to agree, which `params.consent`
   * says, and the pictures and videos that the job takes and makes are looked at for nudity.
   */
  alters?: (params: Params) => boolean;
  /**
   * What becomes of such jobs where results are sold. `preview`: the clean file is, and the job makes a preview beside it. `free`: they stay
   * free. `none`, by default: only owners who do not pay may have them.
   */
  sale?: "preview" | "free" | "none";
  /**
   * Whether its pictures can have a label that says "AI": then `label` is one of its params, and callers that nobody knows get one where they
   * do not say.
   */
  labels?: boolean;
  /** How its outputs come about; by default, they are new. */
  making?: Making;
  /** Why its pictures get no mark; null, by default: a machine makes something in them, so each of them is marked. */
  unmarked?: (params: Params) => Unmarked | null;
  /** Whether it makes a person who is shown move: then an installation may want `params.consent` of every job. */
  animates?: boolean;
  /** Names of all outputs that jobs of the kind may have. Which of them one has may follow from its params. */
  outputs: string[];
  /** A request that shows how the kind is used: the slots that it fills, and its params. By default, what is required. */
  example?: { inputs: string[]; params: Params };
  /** Seconds of work expected, for the queue and the time limit. */
  estimateSeconds: (params: Params, inputs: SlotFacts) => number;
};

/** `type`: media type, by content. Never throws for what is in the file. */
export type CheckContents = (bytes: Uint8Array, given: { type: string; params: Params }) => Promise<FieldError[]>;

/** Names of secret params that an engine takes, and of those among them that it cannot do without. */
export type EngineSecrets = { takes: readonly string[]; needs: readonly string[] };

/** An entry of the list of kinds. */
export type KindEntry = {
  name: string;
  /** `engine`: an engine does the work. `plan`: its work is done by other jobs, its children, and it needs no engine. */
  worker: "engine" | "plan";
  /** Only plans have such jobs done: clients neither see the kind nor can they ask for it. */
  internal?: true;
  define: (context: KindContext) => KindDefinition;
};

/** A kind as this installation serves it. */
export type Kind = Required<KindDefinition> & {
  name: string;
  worker: KindEntry["worker"];
  /** Whether only plans have such jobs done. */
  internal: boolean;
  /** Engines that serve it here, the default first. Empty for plans. */
  engines: string[];
  /** What each of these engines offers beyond doing jobs of the kind: what `needs` asks for. */
  capabilities: ReadonlyMap<string, readonly string[]>;
  /** Engines that could serve it, configured or not. */
  knownEngines: string[];
  /** Which of its secret params an engine takes. */
  secretsOf: (engine: string) => EngineSecrets;
  /** Queue for a job of this much work: long work goes to a separate queue, where there is one, whose workers have no time limit. */
  queueOf: (engine: string | null, estimateSeconds: number) => string;
  /** Maximum work expected of a job in a queue, seconds; Infinity where its workers have no time limit. */
  maxWorkOf: (queue: string) => number;
  /** Every queue that its jobs may wait in. */
  queues: string[];
};
export type Kinds = Map<string, Kind>;

/** The queue of jobs whose work is done by other jobs. */
export const PLAN_QUEUE = "plans";
