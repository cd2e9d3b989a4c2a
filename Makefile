# The few commands a visitor needs. They work with Python 3.11 or newer and nothing else; all they install goes to $(VENV).
#   make dub     dub the sample face with the sample speech        (FACE=... SPEECH=... OUT=... for your own)
#   make test    lint, types, arrows and every test, as CI does
#   make test-hub  the Hub's tests again, with downloads from olah, a Hub server by somebody else
#   make test-torture  200 damaged files through `synctalkface dub`, as video and as speech (make test tries 40)
#   make test-demo  the web page in a Chromium (Debian: apt install chromium), and its tests that take long
#   make test-kill  a dub is killed at ten moments and completed     (KILLS=... for more)
#   make setup   the environment for working on the code
#   make check   lint, types and arrows alone
#   make evaluate DATA=prepared/   docs/results.md and docs/results.json        (TRAIN=1: train the rows to compare with)
#   make plugin-zips   the Blender add-on as two zips in dist/
#   make test-blender  the add-on's tests in Debian's Blender, in a window, and in Blender 4.5, 5.0, 5.2 as Python modules
#   make clean   remove what the commands above have made, results excepted

PYTHON ?= python3
VENV ?= .venv
FACE ?= synctalkface/assets/samples/face.mkv
SPEECH ?= synctalkface/assets/samples/speech.flac
OUT ?= dubbed.mp4

STEPS ?= 1000
SEEDS ?= 3
RUNS ?= runs/comparison-$(STEPS)
COMPARED := no-memory paper-choices base
WORKERS ?= $(shell getconf _NPROCESSORS_ONLN)

BIN := $(VENV)/bin
# Idle threads sleep instead of spinning: on a busy machine spinning was 20 to 50 times slower.
export OMP_WAIT_POLICY ?= PASSIVE

.PHONY: help dub test evaluate no-data test-hub test-torture test-blender plugin-zips setup test-demo test-kill check format clean
.DEFAULT_GOAL := help

help:
	@sed -n 's/^#   //p' Makefile

dub: $(VENV)/.for-use
	$(BIN)/synctalkface dub "$(FACE)" "$(SPEECH)" --out "$(OUT)" --force
	@echo "The dubbed video: $(abspath $(OUT))"

setup: $(VENV)/.for-work

check: $(VENV)/.for-work
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check
	$(BIN)/pytest

test-hub: $(VENV)/.for-work $(VENV)/olah/.made
	SYNCTALKFACE_OLAH="$(abspath $(VENV))/olah/bin/olah-cli" $(BIN)/pytest tests/hub/test_hub_cycle.py

test-torture: $(VENV)/.for-work
	SYNCTALKFACE_FUZZ=200 $(BIN)/pytest tests/torture

# SYNCTALKFACE_SCREENSHOTS=folder keeps pictures of what the tests see
test-demo: $(VENV)/.for-work
	$(BIN)/python -m pip install --quiet --editable '.[browser]'
	SYNCTALKFACE_PAGE=1 $(BIN)/pytest tests/demo

# Rows that are trained alike: base, without the memory, and with the paper's choices, each for STEPS steps; about 15
# minutes a thousand steps on two quiet cores. Without TRAIN=1, those that are there are taken.
evaluate: $(if $(DATA),,no-data) $(VENV)/.for-use $(if $(TRAIN),$(COMPARED:%=$(RUNS)/%/.trained))
	$(BIN)/synctalkface compare --data "$(DATA)" --out docs --runs "$(RUNS)" --workers $(WORKERS) \
		$(if $(WILD),--wild "$(WILD)") $(if $(ADAPT),--adapt --seeds $(SEEDS))

no-data:
	@echo "Say where the clips are that 'synctalkface prepare' has packed: make evaluate DATA=prepared/" >&2; exit 2

$(RUNS)/%/.trained: | $(VENV)/.for-use
	$(BIN)/synctalkface train generator --data "$(DATA)" --syncnet synctalkface/assets/weights --out "$(RUNS)/$*" \
		--steps $(STEPS) $(if $(filter-out base,$*),--ablation $*)
	@touch $@

KILLS ?= 10
test-kill: $(VENV)/.for-work
	SYNCTALKFACE_KILLS=$(KILLS) $(BIN)/pytest tests/cli/test_kill.py

plugin-zips:
	@$(PYTHON) plugin/build.py dist

# BLENDERS="debian window 4.5 5.0 5.2" by default; the modules are about 850 MB each
test-blender: $(VENV)/.for-work
	PYTHON="$(abspath $(BIN))/python" bash tests/plugin/in_blenders.sh

format: $(VENV)/.for-work
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Stamps: an environment is made again only when pyproject.toml is newer than it.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; this is %d.%d. Name another: make PYTHON=python3.12" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv "$(VENV)"
	@touch $@

$(VENV)/.for-use: $(VENV)/.made pyproject.toml
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.for-work: $(VENV)/.made pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[dev,train,demo]'
	@touch $@ $(VENV)/.for-use

# It wants other versions than ours of some packages, so it lives apart.
$(VENV)/olah/.made: $(VENV)/.made
	$(PYTHON) -m venv "$(VENV)/olah"
	$(VENV)/olah/bin/python -m pip install --quiet olah==0.5.4
	@touch $@

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build synctalkface.egg-info
	find synctalkface tests -name __pycache__ -type d -prune -exec rm -rf {} +
