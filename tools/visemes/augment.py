"""What rooms, microphones, telephones, codecs and neighbours do to speech: `python3 augment.py CORPUS OUT.npz --seed N --versions N`.

Writes the features and labels of every clip of the training parts, each `versions` times and each time otherwise, as one array of
frames with where the clips begin. The noises are made here; nothing is fetched.
"""
import argparse
import glob
import os
import pickle

import numpy as np
from scipy.signal import fftconvolve, resample_poly

import features
import labels

RATE = features.RATE


def pink(rng, count):
    spectrum = np.fft.rfft(rng.standard_normal(count))
    spectrum /= np.maximum(np.arange(len(spectrum)), 1) ** rng.uniform(0, 0.9)
    return np.fft.irfft(spectrum, count)


def music(rng, count):
    """Chords of tones with harmonics that fade, a new one every 0.2-1 s, over a beat."""
    out = np.zeros(count)
    at = 0
    while at < count:
        length = min(int(rng.uniform(0.2, 1.0) * RATE), count - at)
        t = np.arange(length) / RATE
        for _ in range(rng.integers(2, 5)):
            f = 55 * 2 ** (rng.integers(0, 48) / 12)
            for h in range(1, rng.integers(3, 10)):
                if f * h < RATE / 2:
                    out[at:at + length] += np.sin(2 * np.pi * f * h * t + rng.uniform(0, 6.28)) / h * np.exp(-t * rng.uniform(0.5, 6))
        if rng.random() < 0.5:
            beat = min(length, int(0.05 * RATE))
            out[at:at + beat] += rng.standard_normal(beat) * np.linspace(2, 0, beat)
        at += length
    return out


def babble(rng, count, clips):
    out = np.zeros(count)
    for _ in range(rng.integers(3, 8)):
        other = clips[rng.integers(len(clips))][1] / 32768
        start = rng.integers(0, max(1, len(other)))
        out += np.resize(np.roll(other, -start), count) * rng.uniform(0.4, 1)
    return out


def hum(rng, count):
    t = np.arange(count) / RATE
    f = rng.choice([50, 60, 100, 120]) * rng.uniform(0.99, 1.01)
    return sum(np.sin(2 * np.pi * f * h * t) / h for h in range(1, 8)) + 0.1 * rng.standard_normal(count)


def noise(rng, count, clips):
    kind = rng.choice(["pink", "music", "babble", "hum"], p=[0.5, 0.22, 0.2, 0.08])
    made = babble(rng, count, clips) if kind == "babble" else {"pink": pink, "music": music, "hum": hum}[kind](rng, count)
    return made / (np.sqrt(np.mean(made ** 2)) + 1e-9)


def colour(rng, x):
    """Tilt, humps and the limits of the band, as one filter without delay."""
    hz = np.fft.rfftfreq(len(x), 1 / RATE)
    octaves = np.log2(np.maximum(hz, 50) / 1000)
    gain = rng.normal(0, 2.0) * octaves
    for _ in range(rng.integers(0, 4)):
        gain += rng.normal(0, 4) * np.exp(-0.5 * ((octaves - rng.uniform(-3, 3)) / rng.uniform(0.3, 1.0)) ** 2)
    low, high = 0.0, RATE
    limits = rng.random()
    if limits < 0.15:
        low, high = rng.uniform(200, 350), rng.uniform(3100, 3700)
    elif limits < 0.35:
        high = rng.choice([3800, 5000, 5500, 6500, 7000])
    if rng.random() < 0.25:
        low = max(low, rng.uniform(60, 220))
    slope = rng.uniform(24, 90)
    gain -= slope * np.maximum(0, np.log2(np.maximum(hz, 1) / high))
    if low:
        gain -= slope * np.maximum(0, np.log2(low / np.maximum(hz, 1)))
    return np.fft.irfft(np.fft.rfft(x) * 10 ** (np.clip(gain, -80, 40) / 20), len(x))


def room(rng, x):
    """The direct sound, then some early echoes and a tail that fades over 0.1-0.7 s."""
    fade = rng.uniform(0.1, 0.7)
    length = int(fade * RATE)
    t = np.arange(length) / RATE
    tail = rng.standard_normal(length) * np.exp(-6.9 * t / fade) * (t > 0.002)
    tail /= np.sqrt(np.sum(tail ** 2)) + 1e-9
    for _ in range(rng.integers(0, 5)):
        tail[rng.integers(16, max(17, min(length, 800)))] += rng.normal(0, 0.3)
    impulse = tail * 10 ** (-rng.uniform(-2, 16) / 20)
    impulse[0] += 1
    return fftconvolve(x, impulse)[:len(x)]


def spoil(rng, x, clips):
    x = colour(rng, x) if rng.random() < 0.8 else x
    if rng.random() < 0.4:
        x = room(rng, x)
    loud = np.sqrt(np.mean(x ** 2)) + 1e-9
    if rng.random() < 0.65:
        x = x + noise(rng, len(x), clips) * loud * 10 ** (-rng.uniform(4, 40) / 20)
    else:
        x = x + rng.standard_normal(len(x)) * loud * 10 ** (-rng.uniform(40, 70) / 20)
    if rng.random() < 0.08:
        limit = np.quantile(np.abs(x), rng.uniform(0.9, 0.995))
        x = np.clip(x, -limit, limit)
    if rng.random() < 0.06:
        top = np.abs(x).max() + 1e-9
        x = np.sign(x) * np.expm1(np.round(np.log1p(255 * np.abs(x) / top) / np.log(256) * 127) / 127 * np.log(256)) / 255 * top
    return x


def codec(rng, power):
    """Drops what a codec of few bits drops: bands far below the loudest of their frame."""
    if rng.random() < 0.15:
        top = power.max(1, keepdims=True)
        power = np.where(power < top * 10 ** (-rng.uniform(25, 50) / 10), power * 1e-3, power)
    return power


def version(rng, clip, clips):
    """One clip, spoilt in one way: (features, classes, jaw, voiced)."""
    voice, samples, segments = clip
    x = samples / 32768
    lead, trail = (int(rng.uniform(0, 0.7) * RATE) if rng.random() < 0.6 else 0 for _ in range(2))
    speed = 1.0
    if rng.random() < 0.6:
        up = int(rng.integers(86, 118))
        speed = up / 100
        x = resample_poly(x, up, 100)
    x = np.concatenate([np.zeros(lead), x, np.zeros(trail)])
    parts = labels.visemes_of(voice, segments)
    parts = [(a * speed + lead / RATE, b * speed + lead / RATE, n, v) for a, b, n, v in parts]
    if rng.random() < 0.9:
        x = spoil(rng, x, clips)
    warp = rng.uniform(0.84, 1.2) if rng.random() < 0.7 else 1.0
    power = codec(rng, features.mel_power(x.astype(np.float32), warp))
    return (features.normalised(power), *labels.frames_of(parts, len(power)))


def nobody(rng):
    """4 s in which nobody speaks."""
    make = (pink, music, hum)[rng.choice(3, p=[0.5, 0.4, 0.1])]
    x = colour(rng, make(rng, 4 * RATE))
    got = features.normalised(features.mel_power(x.astype(np.float32)))
    zeros = np.zeros(len(got), np.float32)
    return got, zeros.astype(np.int64), zeros, zeros


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("corpus")
    parser.add_argument("out")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--versions", type=int, default=1)
    arguments = parser.parse_args()
    paths = [p for p in sorted(glob.glob(os.path.join(arguments.corpus, "*.pkl"))) if not os.path.basename(p).startswith("test-")]
    clips = [clip for path in paths for clip in pickle.load(open(path, "rb"))]
    made = []
    for number in range(arguments.versions):
        for index, clip in enumerate(clips):
            rng = np.random.default_rng([arguments.seed, number, index])
            made.append(version(rng, clip, clips))
            if index % 40 == 0:
                made.append(nobody(rng))
    starts = np.cumsum([0] + [len(one[0]) for one in made])
    columns = [np.concatenate([one[i] for one in made]) for i in range(4)]
    np.savez(arguments.out, starts=starts, x=columns[0].astype(np.float16), classes=columns[1].astype(np.int8),
             jaw=columns[2].astype(np.float16), voiced=columns[3].astype(np.int8))
    print(len(made), "clips", starts[-1], "frames", flush=True)


if __name__ == "__main__":
    main()
