"""The features of packages/speech/src/features.ts, for training: the same numbers but for rounding."""
import numpy as np

RATE, HOP, WINDOW, FFT, BANDS = 16000, 160, 400, 512, 32
LOWEST, HIGHEST = 60.0, 7600.0
FLOOR = 1e-9
NEPERS_PER_DB = np.log(10) / 10
HANN = (0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(WINDOW) + 0.5) / WINDOW)).astype(np.float32)


def mel_bank(warp=1.0):
    """32 triangles, even on the mel scale; `warp` moves them as a longer or shorter throat would."""
    mel = lambda hz: 2595 * np.log10(1 + hz / 700)
    edges = 700 * (10 ** (np.linspace(mel(LOWEST), mel(HIGHEST), BANDS + 2) / 2595) - 1)
    edges = np.minimum(edges * warp, RATE / 2)
    hz = np.arange(FFT // 2 + 1) * RATE / FFT
    up = (hz[None] - edges[:-2, None]) / np.maximum(edges[1:-1] - edges[:-2], 1e-6)[:, None]
    down = (edges[2:, None] - hz[None]) / np.maximum(edges[2:] - edges[1:-1], 1e-6)[:, None]
    return np.maximum(0, np.minimum(up, down)).astype(np.float32)


def mel_power(samples, warp=1.0):
    """frames × 32; frame k is centred on sample k·160 + 80."""
    count = max(1, -(-len(samples) // HOP))
    lead = WINDOW // 2 - HOP // 2
    padded = np.zeros(lead + count * HOP + WINDOW, np.float32)
    padded[lead:lead + len(samples)] = samples
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][:count]
    spectrum = np.fft.rfft(windows * HANN, FFT)
    return ((spectrum.real ** 2 + spectrum.imag ** 2).astype(np.float32)) @ mel_bank(warp).T


SPEECH_DB = 20.0
PRIOR_FRAMES = 100
LOW, HIGH = -4.0, 3.0
# Mean of each band above the mean of all, nepers of power, over the training set
PROFILE = np.array(
    [2.84, 3.49, 3.62, 3.26, 3.07, 2.86, 2.24, 1.57, 0.95, 0.46, 0.16, -0.07, -0.19, -0.29, -0.46, -0.63,
     -0.73, -0.61, -0.28, -0.13, -0.3, -0.43, -0.38, -0.55, -0.98, -1.67, -2.24, -2.62, -2.98, -3.08, -2.94, -2.97],
    np.float32,
)


def reference(logs):
    """What each band is compared with: its mean over the frames within 20 dB of the loud ones, near the usual profile if they are few."""
    level = np.log(np.exp(logs).sum(1))
    loud = np.sort(level)[int(0.95 * (len(level) - 1))]
    speech = logs[level > loud - SPEECH_DB * NEPERS_PER_DB]
    mean = speech.mean(0)
    share = len(speech) / (len(speech) + PRIOR_FRAMES)
    return share * mean + (1 - share) * (mean.mean() + PROFILE)


def normalised(power):
    logs = np.log(power + FLOOR)
    return np.clip((logs - reference(logs)) / 2, LOW, HIGH).astype(np.float32)
