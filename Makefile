# Targets that a user or a developer calls. Each sets up what it needs: Python 3.11 or newer, make and a network for packages.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
CORE = $(VENV)/.installed
DEV = $(VENV)/.installed-dev
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
export HF_HUB_OFFLINE = 1
export HF_DATASETS_OFFLINE = 1
export TOKENIZERS_PARALLELISM = false

.PHONY: help setup demo test perf check format pocket published selectors studies protocol live power published-budgets fuzz imports peers ray long docs notebooks scaling clean
help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

setup: $(DEV)  ## make .venv with pinned versions
$(CORE): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "anchoreval needs Python 3.11 or newer; name one: make PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing anchoreval into $(VENV) (about a minute, once)"
	@$(PIP) --editable .
	@touch $@
$(DEV): $(CORE)
	@echo "installing what the tests need"
	@$(PIP) --editable ".[dev]"
	@touch $@

demo: $(CORE)  ## three new models, scored live through lm-eval on 100 of pocket's items
	@$(BIN)/anchoreval experiment=demo

test: $(DEV)  ## all tests, then the ratios of tests/perf by themselves
	$(BIN)/python -m pytest -q -n 2 -m "not perf and not ray and not long"
	$(BIN)/python -m pytest -q -m perf

perf: $(DEV)  ## only the ratios of tests/perf
	$(BIN)/python -m pytest -q -m perf -s

check: $(DEV)  ## lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(DEV)  ## rewrite in the project's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

pocket: $(DEV)  ## regenerate the pocket benchmark and compare it with what is shipped
	$(BIN)/python -m anchoreval.pocket.build --check

published: $(DEV)  ## make the figures of the README anew, under results/published
	@rm -rf results/demo
	@$(BIN)/anchoreval experiment=demo results=results/demo | grep -v '^written to' > results/published/demo.txt
	@cp results/demo/runs/*/figures/estimates.png results/published/demo-estimates.png
	@cp results/demo/runs/*/figures/power.png results/published/demo-power.png
	@$(BIN)/python -m anchoreval.pocket.spread > results/published/pocket.md
	@$(BIN)/python -m anchoreval.studies.leaderboard_demo > /dev/null
	@echo "results/published is made anew; README.md quotes demo.txt and pocket.md"

selectors: $(DEV)  ## every selector on every benchmark of $$ANCHOREVAL_DATA: results/published/selectors.md (an hour)
	$(BIN)/python -m anchoreval.studies.selector_table

studies: $(DEV)  ## studies of single methods on the benchmarks of $$ANCHOREVAL_DATA (half an hour)
	$(BIN)/python -m anchoreval.studies.optimal_design
	$(BIN)/python -m anchoreval.studies.essence_search > results/published/essence.md
	$(BIN)/python -m anchoreval.studies.joint_metabench > results/published/joint_metabench.md
	$(BIN)/python -m anchoreval.studies.bento > /dev/null
	$(BIN)/python -m anchoreval.studies.adaptive

protocol: $(DEV)  ## our pipeline against the literature, regret of auto, coverage, number of sources, suites (two hours)
	$(BIN)/python -m anchoreval.studies.literature
	$(BIN)/python -m anchoreval.studies.no_regret
	$(BIN)/python -m anchoreval.studies.interval_coverage
	$(BIN)/python -m anchoreval.studies.source_curve
	$(BIN)/python -m anchoreval.studies.joint_suites
	$(BIN)/python -m anchoreval.studies.duplicates

live: $(DEV)  ## adaptive tests that stop, and how often judgements of staleness are right (half an hour)
	$(BIN)/python -m anchoreval.studies.adaptive_stopping
	$(BIN)/python -m anchoreval.studies.staleness_power

power: $(DEV)  ## what power reports state against what happens, on real and simulated leaderboards (15 minutes)
	$(BIN)/python -m anchoreval.studies.power_simulations
	$(BIN)/python -m anchoreval.studies.power_claims

published-budgets: $(DEV)  ## EssenceBench and metabench at the budgets of their papers (extra ebm; half an hour)
	@$(PIP) --editable ".[ebm]"
	$(BIN)/python -m anchoreval.studies.published_budgets

fuzz: $(DEV)  ## 100,000 damaged files for every reader (half an hour)
	@$(PIP) --editable ".[fuzz]"
	$(BIN)/python -m tests.fuzz.long

imports: $(DEV)  ## speed and memory of an import of 5.6 GB of logs: results/published/import_speed.md (ten minutes)
	$(BIN)/python -m anchoreval.studies.import_speed

peers: $(DEV)  ## py-irt, girth and apricot beside us, in an environment of their own (Python 3.11; 15 minutes)
	@test -x .venv-peers/bin/python || python3.11 -m venv .venv-peers
	@.venv-peers/bin/python -m pip install --quiet --constraint tests/perf/peers/constraints.txt torch
	@.venv-peers/bin/python -m pip install --quiet --constraint tests/perf/peers/constraints.txt py-irt girth apricot-select
	@$(BIN)/python tests/perf/peers/run_peers.py --peers .venv-peers/bin/python

ray: $(CORE)  ## the tests' sweep on a Ray cluster that they start, in an environment of its own (extra ray)
	@test -x .venv-ray/bin/python || $(PYTHON) -m venv .venv-ray
	@grep -vE '^(joblib|cloudpickle)==' constraints.txt > .venv-ray/constraints.txt
	@.venv-ray/bin/python -m pip install --quiet --disable-pip-version-check --constraint .venv-ray/constraints.txt \
	  --constraint tests/sweeps/constraints-ray.txt --editable ".[ray]" pytest hypothesis
	.venv-ray/bin/python -m pytest -q -m ray tests/sweeps

long: $(DEV)  ## the time of a sweep of 200 cells in one process and two, and of every named study (half an hour)
	$(BIN)/python -m pytest -q -m long

docs: $(DEV)  ## the documentation, as pages in build/site (extra docs)
	@$(PIP) --editable ".[docs]"
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

notebooks: $(DEV)  ## run the notebooks anew and keep their outputs
	$(BIN)/python -m tests.notebook_runs

scaling: $(DEV)  ## time and memory of every method against models, items and k: results/published/scaling.md (half an hour)
	$(BIN)/python -m anchoreval.studies.scaling

clean:  ## remove what make made
	rm -rf $(VENV) .venv-ray .venv-peers dist build .pytest_cache .mypy_cache .ruff_cache
