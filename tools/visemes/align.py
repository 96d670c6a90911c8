"""Human speech with the times of its phones: `python3 align.py SET OUT.json`, SET one of `human` (the test clips) and `choose`.

The words of each clip are known, so PocketSphinx only has to place their phones: its grammar is the chain of the phones of the words,
with each pronunciation that its dictionary has, and a pause allowed between words. Good to ±20 ms. Needs Debian's python3-pocketsphinx,
pocketsphinx-en-us and flite (which tells AH from the schwa), and for the clips pocketsphinx-testdata and alsa-utils, or
asterisk-core-sounds-en and asterisk-core-sounds-en-g722.
"""
import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile

import numpy as np
import pocketsphinx
from scipy.io import wavfile
from scipy.signal import resample_poly

import labels

MODEL = "/usr/share/pocketsphinx/model/en-us/"
SPHINX = "/usr/share/pocketsphinx/test/data/"
ALSA = "/usr/share/sounds/alsa/"
ASTERISK = os.environ.get("ASTERISK_SOUNDS", "/usr/share/asterisk/sounds/en_US_f_Allison/")
ASTERISK_TEXTS = os.environ.get("ASTERISK_TEXTS", "/usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz")
PHONES = "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH".split()
VOWELS = {"AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW"}
WEAK = {"a", "the", "of", "to", "and", "an", "for", "was", "at", "that"}
# Sphinx frame f is centred at f·10 + 12.8 ms, so it begins 7.8 ms later than f·10
FRAME_LEAD = 0.0078


def dictionary():
    words = {}
    for line in open(MODEL + "cmudict-en-us.dict", encoding="utf-8"):
        word, *phones = line.split()
        words.setdefault(re.sub(r"\(\d+\)$", "", word), []).append(phones)
    return words


DICTIONARY = dictionary()


def with_schwas(word, phones):
    """AH as AX where the word is spoken without weight there."""
    said = subprocess.run(["flite", "-voice", "rms", "-psdur", "-t", word, "-o", "/dev/null"], capture_output=True, text=True).stdout
    heard = [pair.split(":")[0].upper() for pair in said.split() if not pair.startswith("pau")]
    vowels = [p for p in phones if p in VOWELS]
    heard_vowels = [p for p in heard if p in VOWELS or p in ("AX", "AXR")]
    number, out = 0, []
    for phone in phones:
        if phone in VOWELS:
            same = len(heard_vowels) == len(vowels)
            weak = heard_vowels[number] == "AX" if same else len(vowels) > 1
            phone = "AX" if phone == "AH" and (word in WEAK or weak) else phone
            number += 1
        out.append(phone)
    return out


def human():
    clips = []
    for folder in ("librivox", "cards"):
        for line in open(SPHINX + f"{folder}/{'transcription' if folder == 'librivox' else 'cards.transcription'}", encoding="utf-8"):
            text, name = re.match(r"<s> (.*?)\s*</s> \((.*)\)", line).groups()
            clips.append((f"{SPHINX}{folder}/{name}.wav", text))
    clips.append((SPHINX + "goforward.raw", "go forward ten meters"))
    for place in ("Front", "Rear", "Side"):
        for side in ("Center", "Left", "Right"):
            if os.path.exists(f"{ALSA}{place}_{side}.wav"):
                clips.append((f"{ALSA}{place}_{side}.wav", f"{place} {side}".lower()))
    return clips


def choose():
    clips = []
    for line in gzip.open(ASTERISK_TEXTS, "rt", encoding="utf-8"):
        name, _, text = line.strip().partition(": ")
        words = re.sub(r"[^a-z' ]", " ", text.lower()).split()
        path = ASTERISK + name + ".g722"
        usable = os.path.exists(path) and not re.search(r"[\[\]0-9]", text) and len(words) >= 6 and all(w in DICTIONARY for w in words)
        if usable:
            clips.append((path, " ".join(words)))
    return clips[::2][:90]


def sound_of(path):
    if path.endswith(".raw"):
        return np.fromfile(path, np.int16)
    if path.endswith(".g722"):
        raw = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-f", "s16le", "-ar", "16000", "-ac", "1", "-"], capture_output=True, check=True)
        return np.frombuffer(raw.stdout, np.int16)
    rate, samples = wavfile.read(path)
    if rate != 16000:
        samples = np.clip(resample_poly(samples.astype(np.float64), 16000, rate), -32768, 32767)
    return samples.astype(np.int16)


def align(samples, text):
    """[(start s, end s, phone)], with PAU for pauses; None when the words don't fit the sound."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "phones.dict")
        with open(path, "w") as file:
            file.write("".join(f"{p} {p}\n" for p in PHONES) + "AX AH\nPAU SIL\n")
        chain = []
        for word in text.split():
            spoken = [" ".join(with_schwas(word, phones)) for phones in DICTIONARY[word]]
            chain.append("( " + " | ".join(spoken) + " )")
        grammar = "#JSGF V1.0;\ngrammar g;\npublic <g> = [PAU] " + " [PAU] ".join(chain) + " [PAU];\n"
        options = {"-hmm": MODEL + "en-us", "-dict": path, "-logfn": "/dev/null", "-beam": 1e-100, "-wbeam": 1e-80, "-pbeam": 1e-100,
                   "-lw": 1.0, "-silprob": 1e-12, "-fillprob": 1e-12, "-wip": 1.0, "-bestpath": False, "-dither": False, "-remove_silence": False}
        config = pocketsphinx.Decoder.default_config()
        for name, value in options.items():
            (config.set_boolean if isinstance(value, bool) else config.set_float if isinstance(value, float) else config.set_string)(name, value)
        decoder = pocketsphinx.Decoder(config)
        decoder.set_jsgf_string("g", grammar)
        decoder.set_search("g")
        decoder.start_utt()
        decoder.process_raw(samples.tobytes(), False, True)
        decoder.end_utt()
        if decoder.hyp() is None:
            return None
        out = []
        for seg in decoder.seg():
            if seg.word in ("(NULL)",):
                continue
            phone = re.sub(r"\(\d+\)$", "", seg.word)
            phone = "PAU" if phone in ("<sil>", "<s>", "</s>", "[NOISE]", "SIL") else phone
            out.append((round(seg.start_frame / 100 + FRAME_LEAD, 3), round((seg.end_frame + 1) / 100 + FRAME_LEAD, 3), phone))
        return out


def main():
    which, path = sys.argv[1:3]
    made = []
    for clip, text in {"human": human, "choose": choose}[which]():
        samples = sound_of(clip)
        phones = align(samples, text)
        if phones is None:
            print("left out:", clip, text)
            continue
        made.append({"clip": clip, "sha256": hashlib.sha256(open(clip, "rb").read()).hexdigest(), "text": text,
                     "parts": [[labels.VISEMES[n], round(a, 3), round(b, 3)] for a, b, n, _ in labels.visemes_of("sphinx:en", phones)]})
    with open(path, "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(one, separators=(",", ":")) for one in made) + "\n]\n")
    print(len(made), "clips")


if __name__ == "__main__":
    main()
