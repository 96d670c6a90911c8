#!/usr/bin/env bash
# Builds the Dockerfile of the server and runs the image, where there is neither a Docker engine nor an image registry: by buildah, as
# root, on the bases of bases.sh. Every instruction runs as it stands. Minutes, and 2 GB below SCRATCH (~/.cache/smileloop/build).
set -euo pipefail
root="$(cd "$(dirname "$0")/../.." && pwd)"
scratch="${SCRATCH:-$HOME/.cache/smileloop/build}"
. "$root/test/container/bases.sh"

echo "== the build"
rm -rf server
mkdir server
git -C "$root" archive HEAD | tar -x -C server
# npm's registry as this machine has it, and a cache for the next time
settings="$scratch/npmrc"
printf 'registry=%s\ncache=/npm-cache\n' "$(npm config get registry)" >"$settings"
mkdir -p "$scratch/npm-cache"
certificates=/etc/ssl/certs/ca-certificates.crt
image bud --isolation chroot --network host --layers --format docker --ignorefile server/.dockerignore \
  --build-arg NODE=localhost/node-base --env NODE_EXTRA_CA_CERTS=/ca.crt --env NPM_CONFIG_USERCONFIG=/npmrc \
  --volume "$certificates:/ca.crt:ro" --volume "$settings:/npmrc:ro" --volume "$scratch/npm-cache:/npm-cache" \
  -f server/Dockerfile -t smileloop server >build-server.log 2>&1 || { tail -40 build-server.log; exit 1; }

echo "== the image"
container="$(image from localhost/smileloop)"
trap 'image rm "$container" >/dev/null' EXIT
expect "uid=10001(smileloop)" id
expect "HOST 0.0.0.0 would be open" node functions/start.mjs
# starts, is ready, makes a clip, and ends on SIGTERM to its init
expect "all is well" sh -c '
  ALLOW_OPEN=1 PORT=8799 LOG_LEVEL=silent /usr/bin/tini -- node functions/start.mjs & server=$!
  ready() { PORT=8799 node -e "fetch(\"http://127.0.0.1:8799/ready\").then((reply) => process.exit(reply.ok ? 0 : 1), () => process.exit(1))"; }
  tries=0; until ready; do tries=$((tries + 1)); [ $tries -lt 120 ] || exit 1; sleep 1; done
  node -e "
    const at = \"http://127.0.0.1:8799\";
    const body = new FormData();
    fetch(at + \"/example.jpg\").then((reply) => reply.blob()).then((photo) => {
      body.set(\"source_image\", photo, \"p.jpg\");
      body.set(\"preset\", \"blink\");
      return fetch(at + \"/animate\", { method: \"POST\", body, headers: { Accept: \"video/mp4\" } });
    }).then((reply) => process.exit(reply.headers.get(\"content-type\") === \"video/mp4\" ? 0 : 1));
  " && kill -TERM $server && wait $server && echo "all is well"'
echo "It builds, and the image does what it should."
