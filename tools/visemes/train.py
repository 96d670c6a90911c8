"""The network: `python3 train.py OUT.npz --minutes N --seed N versions…npz`.

Input 32 features a frame, 51 frames wide (±250 ms); five residual convolutions of 88 channels; output 15 classes, jaw and voice. Writes
the weights with the batch norms folded in, as float32; quantize.py makes them int8.
"""
import argparse
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import features

CHANNELS = 88
FIRST = 5
DILATIONS = [1, 2, 4, 8, 8]
REACH = FIRST // 2 + sum(DILATIONS)  # 25 frames
CROP = 300
BATCH = 16


class Net(nn.Module):
    def __init__(self, channels=CHANNELS, dropout=0.1):
        super().__init__()
        self.first = nn.Conv1d(features.BANDS, channels, FIRST, bias=False)
        self.first_norm = nn.BatchNorm1d(channels)
        self.convs = nn.ModuleList(nn.Conv1d(channels, channels, 3, dilation=d, bias=False) for d in DILATIONS)
        self.norms = nn.ModuleList(nn.BatchNorm1d(channels) for _ in DILATIONS)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Conv1d(channels, 17, 1)

    def forward(self, x):
        y = F.relu(self.first_norm(self.first(x)))
        for conv, norm, d in zip(self.convs, self.norms, DILATIONS):
            y = y[:, :, d:-d] + self.dropout(F.relu(norm(conv(y))))
        return self.head(y)


def load(paths):
    xs, classes, jaws, voices, bounds, base = [], [], [], [], [], 0
    for path in paths:
        data = np.load(path)
        xs.append(data["x"])
        classes.append(data["classes"])
        jaws.append(data["jaw"])
        voices.append(data["voiced"])
        starts = data["starts"]
        bounds.append(np.stack([starts[:-1], starts[1:]], 1) + base)
        base += starts[-1]
    return np.concatenate(xs), np.concatenate(classes), np.concatenate(jaws), np.concatenate(voices), np.concatenate(bounds)


def batch_of(rng, data):
    x, classes, jaw, voiced, bounds = data
    lengths = bounds[:, 1] - bounds[:, 0]
    picked = rng.choice(len(bounds), BATCH, p=lengths / lengths.sum())
    wide = CROP + 2 * REACH
    bx = np.full((BATCH, features.BANDS, wide), features.LOW, np.float32)
    bc = np.zeros((BATCH, CROP), np.int64)
    bj = np.zeros((BATCH, CROP), np.float32)
    bv = np.zeros((BATCH, CROP), np.float32)
    weight = np.zeros((BATCH, CROP), np.float32)
    for i, clip in enumerate(picked):
        a, b = bounds[clip]
        start = int(rng.integers(-REACH, max(1, b - a - CROP + REACH)))
        lo, hi = max(0, start - REACH), min(b - a, start + CROP + REACH)
        bx[i, :, lo - (start - REACH):hi - (start - REACH)] = x[a + lo:a + hi].T
        lo, hi = max(0, start), min(b - a, start + CROP)
        bc[i, lo - start:hi - start] = classes[a + lo:a + hi]
        bj[i, lo - start:hi - start] = jaw[a + lo:a + hi]
        bv[i, lo - start:hi - start] = voiced[a + lo:a + hi]
        weight[i, lo - start:hi - start] = 1
    if rng.random() < 0.5:  # a band that is not heard
        for i in range(BATCH):
            if rng.random() < 0.5:
                at, width = rng.integers(0, features.BANDS), rng.integers(1, 6)
                bx[i, at:at + width] = rng.uniform(features.LOW, 0)
    bx += rng.normal(0, 0.15, (BATCH, features.BANDS, 1)).astype(np.float32)
    return [torch.from_numpy(one) for one in (bx, bc, bj, bv, weight)]


# frames blurred into their neighbours: where a sound ends is known to ±10 ms, and mouths have no edges either
BLUR = torch.tensor([0.08, 0.84, 0.08])


def loss_of(out, classes, jaw, voiced, weight):
    target = F.one_hot(classes, 15).float().transpose(1, 2)
    target = F.conv1d(F.pad(target, (1, 1), mode="replicate").reshape(-1, 1, target.shape[2] + 2), BLUR.view(1, 1, 3)).reshape(target.shape)
    target = 0.97 * target + 0.03 / 15
    cross = -(target * F.log_softmax(out[:, :15], 1)).sum(1)
    jaws = (torch.sigmoid(out[:, 15]) - jaw) ** 2
    voices = F.binary_cross_entropy_with_logits(out[:, 16], voiced, reduction="none")
    return ((cross + 12 * jaws + 0.2 * voices) * weight).sum() / weight.sum()


def folded(net):
    """{name: array} with each batch norm inside the convolution before it."""
    out = {}

    def fold(name, conv, norm):
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        out[name + ".w"] = (conv.weight * scale[:, None, None]).detach().numpy()
        out[name + ".b"] = (norm.bias - norm.running_mean * scale).detach().numpy()

    fold("first", net.first, net.first_norm)
    for i, (conv, norm) in enumerate(zip(net.convs, net.norms)):
        fold(f"conv{i}", conv, norm)
    out["head.w"], out["head.b"] = net.head.weight.detach().numpy(), net.head.bias.detach().numpy()
    return out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("data", nargs="+")
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=3e-3)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(arguments.seed)
    rng = np.random.default_rng(arguments.seed)
    data = load(arguments.data)
    net = Net()
    print(sum(p.numel() for p in net.parameters()), "weights", len(data[0]), "frames", flush=True)
    optimizer = torch.optim.AdamW(net.parameters(), arguments.rate, weight_decay=0.01)
    steps = arguments.steps
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, arguments.rate, total_steps=steps, pct_start=0.1)
    mean, began, sums = None, time.time(), []
    for step in range(steps):
        batch = batch_of(rng, data)
        loss = loss_of(net(batch[0]), *batch[1:])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        sums.append(loss.item())
        if step >= steps // 2:
            state = net.state_dict()
            mean = {k: v.clone() for k, v in state.items()} if mean is None else mean
            for key, value in state.items():
                mean[key] = mean[key] * 0.998 + value * 0.002 if value.is_floating_point() else value
        if step % 250 == 249:
            print(step + 1, round(float(np.mean(sums[-250:])), 4), round(time.time() - began), "s", flush=True)
            if step % 500 == 499 or step == steps - 1:
                now = Net()
                now.load_state_dict(mean or net.state_dict())
                now.eval()
                np.savez(arguments.out, **folded(now))
    final = Net()
    final.load_state_dict(mean)
    final.eval()
    np.savez(arguments.out, **folded(final))


if __name__ == "__main__":
    main()
