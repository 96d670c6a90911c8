#!/usr/bin/env bash
# Writes requirements.lock anew: every package that requirements.in needs on the image's platform (Linux x86_64, CPython 3.11),
# with the sha256 of the very file that the package index names. Run it on such a machine, with pip as it is set up there.
# Usage: lock.sh [pip options, such as --index-url URL]
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
python="${PYTHON:-python3.11}"

if [ "$(uname -sm)" != "Linux x86_64" ] || ! "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'; then
  echo "lock.sh: the lock is for Linux x86_64 and CPython 3.11; run it there (PYTHON names the interpreter)." >&2
  exit 1
fi

scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
"$python" -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --dry-run --ignore-installed --only-binary :all: --report "$scratch/report.json" \
  -r "$here/requirements.in" "$@"
"$python" - "$scratch/report.json" >"$scratch/requirements.lock" <<'PY'
import json
import sys

HEADER = """\
# Made by lock.sh from requirements.in, for Linux x86_64 and CPython 3.11. pip takes nothing else (--require-hashes).
"""
report = json.load(open(sys.argv[1], encoding="utf-8"))
lines = []
for item in report["install"]:
    name, version = item["metadata"]["name"].lower().replace("_", "-"), item["metadata"]["version"]
    sha256 = item["download_info"]["archive_info"]["hashes"]["sha256"]
    lines.append(f"{name}=={version} \\\n    --hash=sha256:{sha256}\n")
print(HEADER + "".join(sorted(lines)), end="")
PY
mv "$scratch/requirements.lock" "$here/requirements.lock"
echo "requirements.lock: $(grep -c == "$here/requirements.lock") packages"
