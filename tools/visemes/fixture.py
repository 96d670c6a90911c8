"""The small set that `packages/speech/src/net.test.ts` asserts with: `/usr/bin/python3 fixture.py`. Voices that are never trained on."""
import json
import os

import numpy as np

import corpus
import labels

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../packages/speech/fixtures")
SETS = {"test-fest-kal": [0, 1], "test-fest-slt": [2, 4], "test-espeak-en": [13]}


def mu_law(samples):
    """G.711, so that 16 bits go into 8."""
    x = np.minimum(np.abs(samples.astype(np.int32)), 32635) + 132
    exponent = np.floor(np.log2(x)).astype(int) - 7
    mantissa = (x >> (exponent + 3)) & 15
    return (~((samples < 0) * 128 | exponent << 4 | mantissa) & 255).astype(np.uint8)


def main():
    os.makedirs(OUT, exist_ok=True)
    sound, listed = [], []
    for name, numbers in SETS.items():
        clips = corpus.PARTS[name](1.0)
        for voice, samples, segments in (clips[n] for n in numbers):
            parts = [[labels.VISEMES[n], round(a, 3), round(b, 3)] for a, b, n, _ in labels.visemes_of(voice, segments)]
            listed.append({"voice": voice, "start": sum(map(len, sound)), "samples": len(samples), "parts": parts})
            sound.append(mu_law(samples))
    np.concatenate(sound).tofile(os.path.join(OUT, "voices.ulaw"))
    with open(os.path.join(OUT, "voices.json"), "w", encoding="utf-8") as file:
        file.write("[\n" + ",\n".join(json.dumps(one, separators=(",", ":")) for one in listed) + "\n]\n")


if __name__ == "__main__":
    main()
