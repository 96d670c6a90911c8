/** From the sound of a voice to the motion of a face that says it. Pure: the same samples, options and seed give the same motion. */
import type { Warning } from "@smileloop/core/errors.ts";
import type { Channel, MotionFrames } from "@smileloop/core/motion/motion.ts";
import type { Spoken } from "@smileloop/core/speech/spoken.ts";
import { alignText, MOST_COST } from "./align.ts";
import { mouthCurves } from "./curves.ts";
import { fitnessOf, isSilent } from "./fitness.ts";
import { CHANNELS_OF, motionOf } from "./frames.ts";
import { headMoves } from "./head.ts";
import { levels, relativeLoudness, SAMPLE_RATE } from "./loudness.ts";
import { type Posteriors, posteriorsOf } from "./net.ts";
import { speechRuns } from "./pauses.ts";
import { pitches } from "./pitch.ts";
import { prosodyOf } from "./prosody.ts";
import { type Segment, segmentsOf } from "./segments.ts";
import { framesOf, RATE, type Run, step } from "./series.ts";
import { mixed, type Shares, segmentsOfShares, sharesOfSegments } from "./shapes.ts";
import { MOVES, type Move } from "./targets.ts";
import { warningsOf } from "./warnings.ts";

export type SpeechOptions = {
  /** Mono, 16 kHz, −1–1; at least one. */
  samples: Float32Array;
  /** How long the sound is, where that is known better than by its samples at 16 kHz. */
  seconds?: number;
  fps: number;
  /** Size of the movements but closures and blinks: 0 is still, 1 is natural. */
  intensity: number;
  seed: number;
  /** Values of channels that last under the speech, such as a faint smile. */
  mood?: Partial<Record<Channel, number>>;
  /** Times of this very sound, where its voice told them; with words alone, they help to align. */
  spoken?: Spoken | undefined;
  /** Another voice that says the same text, with the times of its phones. */
  reference?: { samples: Float32Array; spoken: Spoken } | undefined;
  /** How the network hears a sound; others for tests. */
  hear?: (samples: Float32Array) => Posteriors;
};

export type SpeechMotion = {
  motion: MotionFrames;
  /** Part of the sound in which somebody speaks, 0–1. */
  speechShare: number;
  /** Whether the text was found in the sound. */
  aligned: boolean;
  warnings: Warning[];
  segments: Segment[];
};

/** How much of the shapes is what the text says, where it was aligned; the rest is what is heard. */
const BY_TEXT = 0.75;
/** How the mood comes and goes, seconds. */
const MOOD_EDGE = 0.5;

/** The motion has `round(seconds × fps)` frames, at least 1. */
export function speechMotion(options: SpeechOptions): SpeechMotion {
  const { samples, fps, intensity, seed, mood = {}, hear = posteriorsOf } = options;
  const seconds = options.seconds ?? samples.length / SAMPLE_RATE;
  const heard = hear(samples);
  const spoken = speechRuns(heard);
  const silent = isSilent(spoken, heard.frames);
  const { shares, segments, aligned, textCost } = shapesSaid(options, silent ? silence(heard.frames) : heard);
  const level = levels(samples, shares.frames);
  const speech = speechRuns(shares);
  const loudness = relativeLoudness(level, inRuns(speech, shares.frames));
  const moodShare = moodOver(shares.frames);
  const mouth = mouthCurves({
    ...{ shares, loudness, intensity, moodShare, mood: moodOfMouth(mood) },
    jaw: segments === null ? heard.jaw : undefined,
  });
  const prosody = prosodyOf(speech, loudness, pitches(samples, shares.frames));
  const motion = motionOf({
    ...{ fps, frames: Math.max(1, Math.round(seconds * fps)) },
    ...{ moves: mouth.moves, closures: mouth.closures, moodShare, mood: moodOfRest(mood) },
    head: headMoves(prosody, shares.frames, seed, intensity),
  });
  const fitness = fitnessOf(samples, heard, silent ? [] : spoken, level);
  return {
    ...{ motion, aligned, speechShare: fitness.speechShare, segments: segments ?? segmentsOfShares(shares) },
    warnings: warningsOf({ ...fitness, silent, textCost, mostCost: MOST_COST }),
  };
}

/** `textCost`: of a text that was not found. */
type Said = { shares: Shares; segments: Segment[] | null; aligned: boolean; textCost?: number };

/** Exact where the voice told its phones, aligned where the text is known, else as it was heard. */
function shapesSaid({ samples, spoken, reference, hear = posteriorsOf }: SpeechOptions, heard: Shares): Said {
  if (spoken && spoken.phones.length > 0) {
    const segments = segmentsOf(spoken, samples.length / SAMPLE_RATE);
    return { shares: sharesOfSegments(segments, heard.frames), segments, aligned: true };
  }
  if (!reference || reference.spoken.phones.length === 0) return { shares: heard, segments: null, aligned: false };
  const { cost, segments } = alignText({
    ...{ sound: heard, reference: hear(reference.samples), spoken: reference.spoken },
    ...(spoken && { words: spoken.words }),
  });
  if (segments === null) return { shares: heard, segments, aligned: false, textCost: cost };
  const shares = mixed(sharesOfSegments(segments, heard.frames), heard, BY_TEXT);
  return { shares, segments, aligned: true };
}

function silence(frames: number): Shares {
  return sharesOfSegments([{ start: 0, end: frames / RATE, viseme: "sil", sure: 1 }], frames);
}

function inRuns(runs: readonly Run[], frames: number): (frame: number) => boolean {
  const inside = new Uint8Array(frames);
  for (const { from, to } of runs) inside.fill(1, from, to);
  return (frame) => inside[frame] === 1;
}

/** Comes at the start, goes at the end: both ends of a clip are the photo. */
function moodOver(frames: number): Float32Array {
  const edge = Math.min(framesOf(MOOD_EDGE), frames / 3);
  return Float32Array.from({ length: frames }, (_, frame) => step(frame / edge) * step((frames - 1 - frame) / edge));
}

function moodOfMouth(mood: Partial<Record<Channel, number>>): Partial<Record<Move, number>> {
  const found: Partial<Record<Move, number>> = {};
  for (const move of MOVES) {
    const values = CHANNELS_OF[move].map((channel) => mood[channel] ?? 0);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    if (mean > 0) found[move] = mean;
  }
  return found;
}

function moodOfRest(mood: Partial<Record<Channel, number>>): Partial<Record<Channel, number>> {
  const ofMouth = new Set<Channel>(MOVES.flatMap((move) => CHANNELS_OF[move]));
  return Object.fromEntries(Object.entries(mood).filter(([channel]) => !ofMouth.has(channel as Channel)));
}
