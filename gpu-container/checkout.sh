#!/usr/bin/env bash
# Puts LivePortrait into DIR at the commit that weights.lock pins, or checks that it is there. Usage: checkout.sh DIR
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
lock="${LOCK:-$here/weights.lock}"
dir="$1"

pin() {
  python3 -c 'import json, sys; print(json.load(open(sys.argv[1], encoding="utf-8"))["liveportrait"][sys.argv[2]])' "$lock" "$1"
}
stop() {
  echo "checkout.sh: $*" >&2
  exit 1
}
repository="$(pin repository)"
commit="$(pin commit)"

if [ ! -e "$dir/.git" ]; then
  if [ -d "$dir" ] && [ -n "$(ls -A "$dir")" ]; then stop "$dir is not empty and no checkout of LivePortrait; name another folder."; fi
  git init -q "$dir"
  # a fetch by commit: whatever the branches and tags over there say by now
  git -C "$dir" fetch -q --depth 1 "$repository" "$commit" || {
    rm -rf "$dir/.git"
    stop "commit $commit can't be had from $repository."
  }
  git -C "$dir" -c advice.detachedHead=false checkout -q --detach FETCH_HEAD
fi
have="$(git -C "$dir" rev-parse HEAD)"
[ "$have" = "$commit" ] || stop "$dir is at $have, not at the pinned $commit. Check that out there, or name another folder."
[ -z "$(git -C "$dir" status --porcelain --untracked-files=no)" ] || stop "$dir has files that differ from the pinned commit."
echo "$commit" >"$dir/COMMIT"
echo "LivePortrait $commit is in $dir."
