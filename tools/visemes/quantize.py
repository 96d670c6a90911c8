"""From train.py's weights to the file that ships: `python3 quantize.py WEIGHTS.npz visemes.bin`; prints its SHA-256.

For each layer: scales, then biases, as float32 little-endian, one per output; then int8 weights, outputs × taps × inputs. The head has
three unused outputs, so that outputs come in fours.
"""
import hashlib
import sys

import numpy as np

LAYERS = ["first", "conv0", "conv1", "conv2", "conv3", "conv4", "head"]


def main():
    source, out = sys.argv[1:3]
    weights = np.load(source)
    parts = []
    for name in LAYERS:
        w = weights[name + ".w"].transpose(0, 2, 1).reshape(len(weights[name + ".w"]), -1)
        b = weights[name + ".b"]
        if name == "head":
            w = np.concatenate([w, np.zeros((3, w.shape[1]))])
            b = np.concatenate([b, np.zeros(3)])
        scale = np.maximum(np.abs(w).max(1), 1e-9) / 127
        parts += [scale.astype("<f4").tobytes(), b.astype("<f4").tobytes(), np.round(w / scale[:, None]).astype(np.int8).tobytes()]
    made = b"".join(parts)
    open(out, "wb").write(made)
    print(len(made), "bytes", hashlib.sha256(made).hexdigest())


if __name__ == "__main__":
    main()
