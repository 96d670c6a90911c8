/** Where in a video's sound the words are said that others replace: by the text of all that is said, or by how each of them sounds. */
import type { SurveyRun } from "@smileloop/core/engine/tasks/survey.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { unpackMotion } from "@smileloop/core/motion/motion-file.ts";
import { type Spoken, spokenSchema } from "@smileloop/core/speech/spoken.ts";
import { shown } from "@smileloop/core/text.ts";
import { alignText } from "@smileloop/speech/align.ts";
import { SAMPLE_RATE } from "@smileloop/speech/features.ts";
import { findIn } from "@smileloop/speech/find.ts";
import { posteriorsOf } from "@smileloop/speech/net.ts";
import { readVoice } from "../media/voice-sound.ts";
import { type Levels, quietestNear } from "./levels.ts";
import type { Stretch } from "./silences.ts";

export type Marked = Stretch & { marker: string };

/** Longest sound of a voice, s. */
const MOST_SECONDS = 1800;
/**
 * What a marker that is found by its sound costs at the most, and how many times as much the next best stretch has to cost. Said by two voices
 * of ours, words that are there cost 0.10 to 0.17 and others 0.37 and more; the best of words that are not there 0.26 and more.
 */
const SURE = { cost: 0.22, apart: 1.5 };
/** Around what is said of a marker alone there is silence, s. */
const MARGIN = 0.02;

type Asked = Pick<SurveyRun, "params" | "text" | "said"> & {
  /** Of the video, mono, 16 kHz. */
  voice: Float32Array;
  levels: Levels;
  signal: AbortSignal;
};

/** In order of time. Throws `marker_not_found`. */
export async function placesOfMarkers(asked: Asked): Promise<Marked[]> {
  const found = asked.text ? await byText(asked, asked.text) : await bySound(asked);
  return found.map(({ from, to, marker }, n) => {
    const [start, end] = [quietestNear(asked.levels, from), quietestNear(asked.levels, to)];
    return { marker, from: Math.max(start, found[n - 1]?.to ?? 0), to: end };
  });
}

async function byText({ params, voice, signal }: Asked, text: NonNullable<SurveyRun["text"]>): Promise<Marked[]> {
  const reference = await spokenSound(text, signal);
  const { words, segments } = alignText({
    ...{ sound: posteriorsOf(voice), reference: posteriorsOf(reference.samples), spoken: reference.spoken },
  });
  if (segments === null) {
    throw new AppError(
      "marker_not_found",
      "What is said in the video is not `base_text`: the two do not fit together.",
    );
  }
  let next = 0;
  return params.markers.map((marker) => {
    const wanted = plain(marker).split(" ");
    const at = words.findIndex(
      (_, n) => n >= next && wanted.every((word, k) => plain(words[n + k]?.text ?? "") === word),
    );
    if (at < 0) {
      const order = "Markers have to be in `base_text`, in the order of `markers`";
      throw new AppError("marker_not_found", `The marker ${shown(marker)} is not in \`base_text\`. ${order}.`);
    }
    next = at + wanted.length;
    return { marker, from: words[at]!.start, to: words[next - 1]!.end };
  });
}

async function bySound({ params, said = [], voice, signal }: Asked): Promise<Marked[]> {
  const sound = posteriorsOf(voice);
  const found: Marked[] = [];
  for (const [nth, marker] of params.markers.entries()) {
    const { samples, spoken } = await spokenSound(said[nth]!, signal);
    const { from, to } = endsOf(spoken, samples.length / SAMPLE_RATE);
    const words = posteriorsOf(samples.subarray(Math.floor(from * SAMPLE_RATE), Math.ceil(to * SAMPLE_RATE)));
    const [best, second] = findIn(sound, words, { after: found.at(-1)?.to ?? 0 });
    if (!best || best.cost > SURE.cost || (second && second.cost < SURE.apart * best.cost)) {
      const why = "it does not stand out among what is said";
      const help = "Give `base_text`, what is said in the video word by word, by which it is found";
      throw new AppError("marker_not_found", `The marker ${shown(marker)} is not found by its sound: ${why}. ${help}.`);
    }
    found.push({ marker, from: best.from, to: best.to });
  }
  return found;
}

function endsOf({ phones }: Spoken, seconds: number): Stretch {
  const heard = phones.filter(({ phone }) => phone !== "");
  const [first, last] = [heard[0]?.start ?? 0, heard.at(-1)?.end ?? seconds];
  return { from: Math.max(0, first - MARGIN), to: Math.min(seconds, last + MARGIN) };
}

async function spokenSound({ sound, spoken }: NonNullable<SurveyRun["text"]>, signal: AbortSignal) {
  const { voice } = await readVoice({ file: sound, maxSeconds: MOST_SECONDS, signal, progress: () => {} });
  return { samples: voice, spoken: await unpackMotion<Spoken>(spoken, spokenSchema) };
}

function plain(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\s]/gu, "")
    .trim()
    .replace(/\s+/g, " ");
}
