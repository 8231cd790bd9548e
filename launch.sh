#!/usr/bin/env bash
# Finds a Python and hands over to it: launcher/bootstrap.py installs what is needed, launcher/ does the rest.
set -euo pipefail

script="${BASH_SOURCE[0]}"
while [[ -L "$script" ]]; do # not readlink -f, which older macOS lacks
    target="$(readlink -- "$script")"
    [[ "$target" == /* ]] || target="$(dirname -- "$script")/$target"
    script="$target"
done
cd -- "$(dirname -- "$script")"
unset PYTHONDONTWRITEBYTECODE PYTHONHOME PYTHONPATH # without a bytecode cache every start takes three times as long

without_venv=""
for python in .mlfleet/venv/bin/python python3.13 python3.12 python3.11 python3; do
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
    if "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        exec "$python" -m launcher.bootstrap "$@"
    fi
    without_venv="$python"
done

if [[ -n "$without_venv" ]]; then
    echo "$without_venv has no venv module. Install it (Debian, Ubuntu: apt install python3-venv) and try again." >&2
else
    echo "Python 3.11 or later is needed and was not found. Install it (https://www.python.org) and try again;" >&2
    echo "or, with Docker, start the fleet without it: README.md, \"In containers\", has the steps." >&2
fi
exit 1
