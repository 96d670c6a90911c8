"""From a synthesiser's phones with their times to what the network learns, in frames of 10 ms."""
import json
import os
import re
import unicodedata

import numpy as np

TABLES = json.load(open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "phones.json"), encoding="utf-8"))
VISEMES = "sil PP FF TH DD kk CH SS nn RR aa E I O U".split()
NUMBER = {name: number for number, name in enumerate(VISEMES)}
# jawOpen of each shape, 0-1, as the curves draw it
JAW = np.array([0, 0, 0.05, 0.15, 0.15, 0.20, 0.10, 0.07, 0.13, 0.15, 0.60, 0.34, 0.20, 0.38, 0.16], np.float32)
JAW_SIGMA = 4.0  # frames
VOWELS = {"aa", "E", "I", "O", "U", "RR"}
UNVOICED = set("pfθtʈkxqcχçʃɕʂsɬhħʔɸ")
UNVOICED_ARPABET = {"P", "F", "TH", "T", "K", "CH", "S", "SH", "HH", "HV"}
SHORT_PAUSE = 0.04  # s: a gap that belongs to the stop after it
FESTIVAL_LANGUAGE = {
    "czech": "cs", "lp": "it", "pc": "it", "suo": "fi", "hy": "fi", "msu": "ru", "upc": "ca", "hindi": "hi",
}
FOLLOWS = "next"


def ipa_shapes(ipa):
    """The shapes of one IPA phone, and whether the voice sounds: 'aɪ' is aa I, 'tʃ' is CH."""
    plain = [c for c in unicodedata.normalize("NFD", ipa) if c in TABLES["ipa"]]
    if not plain:
        return [], False
    shapes = [TABLES["ipa"][c] for c in plain]
    kept = [s for i, s in enumerate(shapes) if i == len(shapes) - 1 or s in VOWELS or shapes[i + 1] in VOWELS]
    single = [s for i, s in enumerate(kept) if i == 0 or s != kept[i - 1]]
    return single, any(c not in UNVOICED for c in plain)


def shapes_of(voice, phone):
    """Shapes and voicing of a phone as `voice` ('engine:name') writes it; no shapes for a pause."""
    engine, name = voice.split(":", 1)
    if engine == "espeak":
        clean = re.sub(r"\([^)]*\)", "", phone)
        if unicodedata.normalize("NFD", clean).startswith("r̝"):
            return ["CH"], True
        return ipa_shapes(clean)
    language = FESTIVAL_LANGUAGE.get(name.split("_")[0]) if engine == "festival" else None
    if language is None:
        shape = TABLES["arpabet"].get(phone.upper(), "sil")
        return ([] if shape == "sil" else shape.split()), phone.upper() not in UNVOICED_ARPABET
    if phone.startswith("#") or phone == "pau":
        return [], False
    bare = phone.rstrip(":")
    bare = re.sub(r"1$", "", bare)
    table = TABLES["festival"][language]
    if bare in table:
        return ipa_shapes(table[bare])
    if len(bare) == 2 and bare[0] == bare[1]:
        bare = bare[0]
    return ipa_shapes(bare)


def visemes_of(voice, segments):
    """[(start, end, number of the shape, voiced)], without gaps shorter than a stop."""
    parts = []
    for start, end, phone in segments:
        shapes, voiced = shapes_of(voice, phone)
        shapes = shapes or ["sil"]
        step = (end - start) / len(shapes)
        for i, shape in enumerate(shapes):
            parts.append([start + i * step, start + (i + 1) * step, shape, voiced])
    for i in reversed(range(len(parts))):
        after = parts[i + 1] if i + 1 < len(parts) else None
        short = parts[i][2] == "sil" and parts[i][1] - parts[i][0] < SHORT_PAUSE
        if parts[i][2] == FOLLOWS:
            parts[i][2] = after[2] if after and after[2] != "sil" else "E"
        elif short and after and after[2] != "sil":
            parts[i][2], parts[i][3] = after[2], False
    return [(start, end, NUMBER[shape], voiced) for start, end, shape, voiced in parts]


def frames_of(parts, count):
    """(classes, jaw, voiced) of `count` frames; frame k is centred at k·10 + 5 ms, before and after is silence."""
    classes = np.zeros(count, np.int64)
    voiced = np.zeros(count, np.float32)
    for start, end, number, sounds in parts:
        a, b = max(0, round(start * 100)), min(count, round(end * 100))
        classes[a:b] = number
        voiced[a:b] = float(sounds and number != 0)
    return classes, smooth(JAW[classes], JAW_SIGMA), voiced


def smooth(curve, sigma):
    reach = int(4 * sigma)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    return np.convolve(np.pad(curve, reach, mode="edge"), kernel, "valid").astype(np.float32)
