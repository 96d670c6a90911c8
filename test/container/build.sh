#!/usr/bin/env bash
# Builds gpu-container/Dockerfile and looks at the image where there is no Docker engine and no image registry: by buildah, as root, on
# bases made of Debian's packages and the machine's npm. What is 3 GB or lies on hosts that may be out of reach is replaced: the
# lock goes without PyTorch, the checkout and the weights are small ones on loopback. Every instruction runs as it stands but one
# (`import torch`). Minutes, and 3 GB below SCRATCH (~/.cache/smileloop/build), which is kept for the next time.
set -euo pipefail
root="$(cd "$(dirname "$0")/../.." && pwd)"
scratch="${SCRATCH:-$HOME/.cache/smileloop/build}"
for tool in git python3.11; do
  command -v "$tool" >/dev/null || { echo "build.sh: $tool is missing." >&2; exit 1; }
done
. "$root/test/container/bases.sh"

echo "== what stands in for what is fetched"
rm -rf context served wheels
mkdir -p context served/repository/src wheels
git -C "$root" archive HEAD | tar -x -C context
echo "not a weight" >served/weight
git -C served/repository init -q
touch served/repository/src/live_portrait_wrapper.py
git -C served/repository add .
git -C served/repository -c user.name=a -c user.email=a@example.org commit -q -m all
python3.11 - "$(git -C served/repository rev-parse HEAD)" <<'PY'
import hashlib, json, re, sys
from pathlib import Path

folder = Path("context/gpu-container")
lock = json.loads((folder / "weights.lock").read_text())
lock["liveportrait"].update(repository="git://127.0.0.1:9419/repository", commit=sys.argv[1])
weight = Path("served/weight").read_bytes()
for file in lock["files"]:
    url = f"http://127.0.0.1:9418/weight?{file['revision']}"
    file.update(url=url, bytes=len(weight), sha256=hashlib.sha256(weight).hexdigest())
(folder / "weights.lock").write_text(json.dumps(lock))
entries = re.findall(r"^([a-z0-9-]+==\S+ \\\n\s+--hash=\S+)\n", (folder / "requirements.lock").read_text(), re.M)
light = [entry for entry in entries if not re.match(r"torch|triton|nvidia-|cuda-", entry)]
(folder / "requirements.lock").write_text("\n".join(light) + "\n")
dockerfile = (folder / "Dockerfile").read_text()
import_torch = "import torch, cv2, onnxruntime, yaml, rich, PIL; print(torch.__version__, torch.version.cuda)"
assert import_torch in dockerfile
(folder / "Dockerfile").write_text(dockerfile.replace(import_torch, "import cv2, onnxruntime, yaml, rich, PIL"))
PY
python3.11 -m pip download -q --retries 0 --require-hashes --only-binary :all: -d wheels -r context/gpu-container/requirements.lock
python3 -m http.server 9418 --bind 127.0.0.1 -d served >/dev/null 2>&1 &
web=$!
git daemon --listen=127.0.0.1 --port=9419 --base-path="$scratch/served" --export-all >/dev/null 2>&1 &
trap 'kill $web $!' EXIT

echo "== the build"
certificates=/etc/ssl/certs/ca-certificates.crt
image bud --isolation chroot --network host --layers --format docker --ignorefile context/gpu-container/Dockerfile.dockerignore \
  --build-arg DEBIAN=localhost/debian-base --build-arg NODE=localhost/node-base \
  --volume "$scratch/wheels:/wheels:ro" --volume "$certificates:/ca.crt:ro" \
  --env PIP_NO_INDEX=1 --env PIP_FIND_LINKS=/wheels --env NODE_EXTRA_CA_CERTS=/ca.crt \
  -f context/gpu-container/Dockerfile -t smileloop-gpu context >build.log 2>&1 || { tail -40 build.log; exit 1; }

echo "== the image"
container="$(image from localhost/smileloop-gpu)"
expect "uid=10001(smileloop)" id
expect "v24" node --version
expect "no worker" node gpu-container/health.mjs
expect "BUCKET: the bucket for records and files is missing" node functions/worker.mjs
expect "lacks torch" env BUCKET=one QUEUES=liveportrait=http://127.0.0.1:1/q node functions/worker.mjs
expect "All 7 weights are there" /opt/venv/bin/python -c "print('All 7 weights are there' if len(__import__('glob').glob('/opt/liveportrait/pretrained_weights/**/*.*', recursive=True)) == 7 else 'not all')"
expect '"ready"' sh -c 'node "$(find node_modules -path "*engine*host*.mjs" | head -1)" --kinds "" --services check,finish </dev/null'
image rm "$container" >/dev/null
echo "It builds, and the image is as it should be (without PyTorch)."
