"""The synthetic sets that nothing was trained on, for `npm run quality -- --only speech`: `/usr/bin/python3 testsets.py OUT`.

For each set OUT/NAME.raw (int16, 16 kHz, all clips one after another) and in OUT/sets.json its clips with where they begin and the shapes
they show; or why the set is missing here.
"""
import json
import os
import sys

import numpy as np

import corpus
import labels


def main():
    out = sys.argv[1]
    sets = {}
    for name, make in corpus.PARTS.items():
        if not name.startswith("test-"):
            continue
        try:
            clips = make(1.0)
            if not clips:
                raise RuntimeError("Festival lacks the voice")
        except Exception as error:
            sets[name] = {"missing": str(error)}
            continue
        np.concatenate([samples for _, samples, _ in clips]).tofile(os.path.join(out, name + ".raw"))
        at, listed = 0, []
        for voice, samples, segments in clips:
            parts = [[labels.VISEMES[n], round(a, 3), round(b, 3)] for a, b, n, _ in labels.visemes_of(voice, segments)]
            listed.append({"start": at, "samples": len(samples), "parts": parts})
            at += len(samples)
        sets[name] = {"clips": listed}
    with open(os.path.join(out, "sets.json"), "w", encoding="utf-8") as file:
        json.dump(sets, file)


if __name__ == "__main__":
    main()
