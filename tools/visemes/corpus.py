"""Speech whose phoneme times are exact, made on the spot: `python3 corpus.py OUT [--part NAME] [--scale 1.0]`.

Writes OUT/NAME.pkl for each part: a list of (voice, samples as int16 at 16 kHz, [(start s, end s, phone)]), phones as the synthesiser
names them. A part is one engine with its voices; those that begin with `test-` are never trained on. Needs Debian's espeak-ng, flite,
festival and the voices that README.md names; a voice that is missing is left out, and said.
"""
import argparse
import ctypes
import json
import os
import pickle
import random
import re
import subprocess
import tempfile
import zlib

import numpy as np
from scipy.io import wavfile
from scipy.signal import resample_poly

HERE = os.path.dirname(os.path.abspath(__file__))
TEXTS = json.load(open(os.path.join(HERE, "texts.json"), encoding="utf-8"))
RATE = 16000

ESPEAK_VARIANTS = "m1 m2 m3 m4 m5 m6 m7 m8 f1 f2 f3 f4 f5 klatt klatt2 klatt3 klatt4 klatt5 klatt6 Andy Annie steph steph2 iven iven2 max michael linda edward adam Mario Alicia Jacky Lee Marco pablo sandro victor quincy shelby".split()
# name in Festival, language of its text, encoding of its text
FESTIVAL = [
    ("ked_diphone", "en", "ascii"),
    ("czech_dita", "cs", "iso-8859-2"),
    ("czech_krb", "cs", "iso-8859-2"),
    ("czech_machac", "cs", "iso-8859-2"),
    ("czech_ph", "cs", "iso-8859-2"),
    ("lp_diphone", "it", "iso-8859-1"),
    ("pc_diphone", "it", "iso-8859-1"),
    ("suo_fi_lj_diphone", "fi", "iso-8859-1"),
    ("hy_fi_mv_diphone", "fi", "iso-8859-1"),
    ("msu_ru_nsh_clunits", "ru", "utf-8"),
    ("upc_ca_ona_hts", "ca", "iso-8859-1"),
]
FESTIVAL_TEST = [
    ("kal_diphone", "en", "ascii"),
    ("cmu_us_slt_arctic_hts", "en", "ascii"),
    ("hindi_NSK_diphone", "hi", "utf-8"),
]


def rng_of(*what):
    return random.Random(zlib.crc32(" ".join(map(str, what)).encode()))


def to16k(rate, samples):
    x = samples.astype(np.float32)
    if rate != RATE:
        g = np.gcd(rate, RATE)
        x = resample_poly(x, RATE // g, rate // g)
    return np.clip(np.round(x), -32768, 32767).astype(np.int16)


def sentence(rng, language):
    """One of the language's sentences, or its words mixed into one that nobody wrote, with pauses; now and then a name."""
    lines = TEXTS["train"][language]
    if rng.random() < 0.4:
        return rng.choice(lines)
    words = [w for line in lines for w in re.sub(r"[.,;:!?।¿¡]", " ", line).split()]
    picked = [rng.choice(words) for _ in range(rng.randint(5, 13))]
    if rng.random() < 0.5 and language not in ("ru", "el", "hi", "ta"):
        picked.insert(rng.randrange(len(picked)), rng.choice(TEXTS["names"]))
    for i in range(1, len(picked)):
        if rng.random() < 0.12:
            picked[i - 1] += ","
    return " ".join(picked) + rng.choice([".", ".", "?", "!"])


# ---- espeak-ng, by its library: its events carry the phonemes with their times ----

class Event(ctypes.Structure):
    class Id(ctypes.Union):
        _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]

    _fields_ = [("type", ctypes.c_int), ("unique_identifier", ctypes.c_uint), ("text_position", ctypes.c_int), ("length", ctypes.c_int),
                ("audio_position", ctypes.c_int), ("sample", ctypes.c_int), ("user_data", ctypes.c_void_p), ("id", Id)]


class Espeak:
    PHONEME = 7

    def __init__(self):
        self.lib = ctypes.CDLL("libespeak-ng.so.1")
        self.rate = self.lib.espeak_Initialize(2, 0, None, 3)  # synchronous; phoneme events, in IPA
        self.callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event))(self.take)
        self.lib.espeak_SetSynthCallback(self.callback)

    def take(self, wav, count, events):
        if wav and count > 0:
            self.sound.append(np.ctypeslib.as_array(wav, (count,)).copy())
        i = 0
        while events[i].type != 0:
            if events[i].type == self.PHONEME:
                raw = bytes(ctypes.string_at(ctypes.addressof(events[i]) + Event.id.offset, 8)).split(b"\0")[0]
                self.events.append((events[i].audio_position / 1000, raw.decode("utf-8", "ignore")))
            i += 1
        return 0

    def say(self, voice, text, rate, pitch, spread):
        if self.lib.espeak_SetVoiceByName(voice.encode()) != 0:
            return None
        for parameter, value in ((1, rate), (3, pitch), (4, spread)):
            self.lib.espeak_SetParameter(parameter, value, 0)
        self.sound, self.events = [], []
        data = text.encode() + b"\0"
        self.lib.espeak_Synth(data, len(data), 0, 1, 0, 1, None, None)
        if not self.sound:
            return None
        sound = np.concatenate(self.sound)
        ends = [t for t, _ in self.events[1:]] + [len(sound) / self.rate]
        segments = [(t, end, phone) for (t, phone), end in zip(self.events, ends) if end > t]
        return to16k(self.rate, sound), segments


def espeak(scale):
    engine = Espeak()
    out = []
    for language in TEXTS["train"]:
        codes = {"en": ["en-us", "en-us-nyc", "en-gb-scotland", "en-029", "en-us", "en-gb-x-rp"], "es": ["es", "es-419"]}.get(language, [language])
        count = round((180 if language == "en" else 60 if language == "hi" else 36) * scale)
        for i in range(count):
            rng = rng_of("espeak", language, i)
            for _ in range(5):
                voice = rng.choice(codes) + "+" + rng.choice(ESPEAK_VARIANTS)
                made = engine.say(voice, sentence(rng, language), rng.randint(115, 215), rng.randint(15, 85), rng.randint(30, 80))
                if made:
                    out.append(("espeak:" + voice, *made))
                    break
    return out


def espeak_test(language, voices):
    engine = Espeak()
    out = []
    for voice in voices:
        for i, text in enumerate(TEXTS["heldOut"][language]):
            made = engine.say(voice, text, 150 + 5 * i, 50, 50)
            out.append(("espeak:" + voice, *made))
    return out


# ---- flite ----

def flite(voices, numbers):
    out = []
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a.wav")
        for voice in voices:
            for i in numbers:
                rng = rng_of("flite", voice, i)
                stretch = rng.uniform(0.8, 1.3)
                command = ["flite", "-voice", voice, "-psdur", "--setf", f"duration_stretch={stretch:.3f}", "-t", sentence(rng, "en"), "-o", path]
                said = subprocess.run(command, capture_output=True, check=True, text=True).stdout
                start, segments = 0.0, []
                for phone, end in (pair.rsplit(":", 1) for pair in said.split()):
                    segments.append((start, float(end), phone))
                    start = float(end)
                out.append(("flite:" + voice, to16k(*wavfile.read(path)), segments))
    return out


# ---- Festival ----

SCHEME = """
(define (go text out stretch)
  (Parameter.set 'Duration_Stretch stretch)
  (let ((u (eval (list 'Utterance 'Text text))))
    (utt.synth u)
    (utt.save.segs u (string-append out ".seg"))
    (utt.save.wave u (string-append out ".wav"))))
"""


def festival(voices, lines_of, note=print):
    out = []
    for name, language, encoding in voices:
        with tempfile.TemporaryDirectory() as folder:
            script = SCHEME + f"(voice_{name})\n"
            texts = lines_of(name, language)
            for i, (text, stretch) in enumerate(texts):
                clean = text.replace('"', "").replace("\\", "").encode(encoding, "ignore").decode(encoding)
                script += f'(unwind-protect (go "{clean}" "{folder}/{i}" {stretch:.3f}) nil)\n'
            path = os.path.join(folder, "go.scm")
            open(path, "w", encoding=encoding).write(script)
            ran = subprocess.run(["festival", "-b", path], capture_output=True)
            found = 0
            for i in range(len(texts)):
                wav, seg = f"{folder}/{i}.wav", f"{folder}/{i}.seg"
                if not (os.path.exists(wav) and os.path.exists(seg)):
                    continue
                start, segments = 0.0, []
                for line in open(seg, encoding="latin-1"):
                    parts = line.split()
                    if len(parts) == 3:
                        segments.append((start, float(parts[0]), parts[2]))
                        start = float(parts[0])
                out.append((f"festival:{name}", to16k(*wavfile.read(wav)), segments))
                found += 1
            note(name, found, "of", len(texts), ran.stderr.decode("latin-1")[-200:] if found < len(texts) else "")
    return out


def festival_train(scale):
    def lines(name, language):
        rngs = [rng_of("festival", name, i) for i in range(round(75 * scale))]
        return [(sentence(rng, language), rng.uniform(0.8, 1.25)) for rng in rngs]

    return festival(FESTIVAL, lines)


def festival_test(index):
    return festival([FESTIVAL_TEST[index]], lambda name, language: [(text, 1.0) for text in TEXTS["heldOut"][language]])


def more_english(scale):
    """Voices of people once more: English has the sounds that espeak-ng alone would teach otherwise."""
    def lines(name, language):
        rngs = [rng_of("festival", name, 1000 + i) for i in range(round(60 * scale))]
        return [(sentence(rng, language), rng.uniform(0.8, 1.25)) for rng in rngs]

    numbers = range(1000, 1000 + round(50 * scale))
    return flite(["awb", "rms"], numbers) + flite(["slt"], range(round(160 * scale))) + festival(FESTIVAL[:1], lines)


# Made only when named.
LATER = {"more": more_english}
PARTS = {
    "test-espeak-en": lambda scale: espeak_test("en", ["en-us", "en-gb-x-rp+f2", "en-us+m3"]),
    "test-espeak-hi": lambda scale: espeak_test("hi", ["hi", "hi+f4", "hi+m2"]),
    "test-fest-kal": lambda scale: festival_test(0),
    "test-fest-slt": lambda scale: festival_test(1),
    "test-fest-hi": lambda scale: festival_test(2),
    "flite": lambda scale: flite(["awb", "rms"], range(round(110 * scale))),
    "festival": festival_train,
    "espeak": espeak,
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--part")
    parser.add_argument("--scale", type=float, default=1.0)
    arguments = parser.parse_args()
    os.makedirs(arguments.out, exist_ok=True)
    named = {arguments.part: {**PARTS, **LATER}[arguments.part]} if arguments.part else PARTS
    for name, make in named.items():
        made = make(arguments.scale)
        with open(os.path.join(arguments.out, name + ".pkl"), "wb") as file:
            pickle.dump(made, file)
        print(name, len(made), "clips", round(sum(len(clip[1]) for clip in made) / RATE / 60, 1), "minutes", flush=True)


if __name__ == "__main__":
    main()
