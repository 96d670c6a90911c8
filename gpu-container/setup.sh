#!/usr/bin/env bash
# LivePortrait for `npm start` on a machine of one's own: the pinned checkout, its Python packages and its weights, each checked.
# Usage: setup.sh [--unlocked] [--mirror URL] [DIR]        DIR: ~/LivePortrait
#   --unlocked   on machines that the lock is not for (it is for Linux x86_64 with Python 3.11): the same versions, hashes unchecked
#   --mirror     a place of one's own that serves the weights by their names
# It can be run again at any time: what is there already is checked and kept.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
export LOCK="${LOCK:-$here/weights.lock}"
requirements="${REQUIREMENTS:-$here/requirements.lock}"
dir="" unlocked="" mirror=()
while [ $# -gt 0 ]; do
  case "$1" in
    --unlocked) unlocked=1 ;;
    --mirror) mirror=(--mirror "$2") && shift ;;
    -*) sed -n '2,6s/^# //p' "$0" >&2 && exit 2 ;;
    *) dir="$1" ;;
  esac
  shift
done
dir="${dir:-$HOME/LivePortrait}"

stop() {
  echo "setup.sh: $*" >&2
  exit 1
}
need() {
  command -v "$1" >/dev/null || stop "$1 is missing. $2"
}
need git "Install it with the system's package manager."
need python3 "Install Python 3.11."
python="${PYTHON:-$(command -v python3.11 || command -v python3)}"

echo "1/3 LivePortrait"
"$here/checkout.sh" "$dir"

echo "2/3 Python packages"
venv="$dir/.venv"
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv" || stop "$python makes no virtual environment (on Debian: apt install python3-venv)."
if [ -n "$unlocked" ]; then
  "$venv/bin/pip" install --quiet -r "$here/requirements.in"
  echo "Installed; their hashes were not checked."
else
  platform="$(uname -sm) $("$venv/bin/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
  [ "$platform" = "Linux x86_64 3.11" ] ||
    stop "the packages are locked for Linux x86_64 with Python 3.11, and this is $platform. PYTHON names another interpreter; --unlocked takes the same versions without checking their hashes."
  "$venv/bin/pip" install --quiet --require-hashes --only-binary :all: -r "$requirements"
  echo "Installed, as the lock says."
fi

echo "3/3 Weights"
python3 "$here/weights.py" fetch --lock "$LOCK" --to "$dir/pretrained_weights" ${mirror[@]+"${mirror[@]}"}

echo
echo "Ready:  LIVEPORTRAIT_ROOT=$dir npm start"
