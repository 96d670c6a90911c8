/** Sentences whose phones have known times, how a network would hear them, and sounds that rise and fall with them. */
import { randomFrom } from "@smileloop/core/motion/random.ts";
import type { Spoken, SpokenPhone } from "@smileloop/core/speech/spoken.ts";
import type { Posteriors } from "@smileloop/speech/net.ts";
import { segmentsOf } from "@smileloop/speech/segments.ts";
import { SHAPES, sharesOfSegments } from "@smileloop/speech/shapes.ts";

/** "Bobby mapped my five blue vans", a pause, "me": phones and milliseconds; `_` is a pause. */
export const BOBBY =
  "_ 250 b 70 ɒ 120 b 60 i 100 m 80 a 120 p 70 t 60 m 80 aɪ 180 f 100 aɪ 200 v 70 b 60 l 60 uː 140 v 70 a 140 n 80 z 100 _ 500 m 80 iː 200 _ 600";
/** "Should the chef choose fish, or cheese" */
export const CHEF =
  "_ 250 ʃ 110 ʊ 70 d 50 ð 40 ə 60 ʃ 110 ɛ 110 f 90 tʃ 100 uː 150 z 80 f 90 ɪ 80 ʃ 130 _ 200 ɔː 130 tʃ 110 iː 150 z 110 _ 500";

/** `stretch`: how much slower than written. */
export function spokenOf(text: string, stretch: (phone: number) => number = () => 1): Spoken & { seconds: number } {
  const parts = text.split(" ");
  const phones: SpokenPhone[] = [];
  let at = 0;
  for (let i = 0; i < parts.length; i += 2) {
    const end = at + (Number(parts[i + 1]) / 1000) * stretch(i / 2);
    phones.push({ phone: parts[i] === "_" ? "" : parts[i]!, start: at, end });
    at = end;
  }
  return { words: [], phones, seconds: at };
}

/** The phones as posteriors; `doubt` of each frame is spread by chance over all shapes. */
export function heardAs({ phones }: Pick<Spoken, "phones">, seconds: number, doubt = 0, seed = 1): Posteriors {
  const frames = Math.max(1, Math.floor(seconds * 100));
  const { classes } = sharesOfSegments(segmentsOf({ phones }, seconds), frames);
  const random = randomFrom(seed);
  for (let frame = 0; frame < frames; frame++) {
    const spread = Array.from({ length: SHAPES }, () => random() ** 4);
    const total = spread.reduce((sum, value) => sum + value, 0);
    for (let k = 0; k < SHAPES; k++) {
      const at = frame * SHAPES + k;
      classes[at] = (1 - doubt) * classes[at]! + (doubt * spread[k]!) / total;
    }
  }
  return { frames, classes, jaw: new Float32Array(frames) };
}

const VOICED = /[aeiouɒɪʊəɛɔlmnŋɹjwzvðbdɡʒ]/;

/** 16 kHz: a buzz of 120 Hz in voiced phones, hiss in the others, silence in pauses. */
export function soundOf({ phones, seconds }: Spoken & { seconds: number }, level = 0.2): Float32Array {
  const samples = new Float32Array(Math.round(seconds * 16_000));
  const random = randomFrom(9);
  for (const { phone, start, end } of phones) {
    if (phone === "") continue;
    const loud = /[aeiouɒɪʊəɛɔ]/.test(phone) ? level : level / 4;
    for (let i = Math.round(start * 16_000); i < Math.min(samples.length, end * 16_000); i++) {
      const buzz = [1, 2, 3, 4, 5].reduce((sum, k) => sum + Math.sin((2 * Math.PI * 120 * k * i) / 16_000) / k, 0);
      samples[i] = loud * (VOICED.test(phone) ? buzz / 2 : random() - 0.5);
    }
  }
  return samples;
}
