#!/usr/bin/env bash
# Runs the add-on's tests in several Blenders, and installs those that are missing. BLENDERS chooses among them:
# debian: the system's blender; window: the same in a window under Xvfb; 4.5, 5.0, 5.2: bpy from PyPI, in environments
# of their own in $BLENDER_HOME. PYTHON: one with synctalkface and its tests' needs.
set -euo pipefail
cd "$(dirname "$0")/../.."
BLENDERS="${BLENDERS:-debian window 4.5 5.0 5.2}"
BLENDER_HOME="${BLENDER_HOME:-.blenders}"
PYTHON="${PYTHON:-python3}"
RUN=tests/plugin/run_in_blender.py
TESTS=tests/plugin/blender
declare -A MODULE=([4.5]=4.5.15 [5.0]=5.0.1 [5.2]=5.2.3)
declare -A INSIDE=([4.5]=3.11 [5.0]=3.11 [5.2]=3.13)

need() { # need PROGRAM PACKAGE...: install Debian's packages unless the program is there
  command -v "$1" >/dev/null && return
  [ "$(id -u)" = 0 ] || { echo "Install ${*:2} first: $1 is missing."; exit 2; }
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${@:2}" >/dev/null
}

python_of() { # python_of 3.13: its path, on the PATH or in pyenv
  command -v "python$1" && "python$1" -c '' 2>/dev/null && return
  ls -d "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$1".*/bin/"python$1" 2>/dev/null | tail -1
}

for blender in $BLENDERS; do
  echo "== Blender: $blender"
  case $blender in
    debian)
      need ffmpeg ffmpeg
      need blender blender python3-numpy python3-pytest
      blender -b --factory-startup --python "$RUN" -- "$TESTS" -q ;;
    window)
      need Xvfb xvfb; need xdotool xdotool; need import imagemagick; need blender blender
      SYNCTALKFACE_TEST_WINDOW=1 "$PYTHON" -m pytest -q tests/plugin/window ;;
    *)
      inside=$(python_of "${INSIDE[$blender]}" | tail -1)
      if [ -z "$inside" ]; then echo "skipped: Python ${INSIDE[$blender]} is not here"; continue; fi
      home="$BLENDER_HOME/$blender"
      [ -x "$home/bin/pytest" ] || { "$inside" -m venv "$home" && "$home/bin/pip" install -q "bpy==${MODULE[$blender]}" pytest; }
      "$home/bin/python" "$RUN" "$TESTS" -q ;;
  esac
done
