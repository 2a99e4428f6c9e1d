# Works with GNU make 3.81 (macOS). Everything happens in .venv; nothing is installed on the machine.

PY := .venv/bin/python
# The versions that the pinned requirements were installed with come first.
PYTHONS := $(if $(PYTHON),$(PYTHON),python3.13 python3.12 python3.11 python3.14 python3)
PIP := $(PY) -m pip --disable-pip-version-check --no-input
# More options for the command behind a target, for example: make run ARGS="--port 9000"
ARGS ?=

# Secrets that exist for one check and protect nothing.
THROW_AWAY := DJANGO_SETTINGS_MODULE=config.settings.production \
	SECRET_KEY=throw-away-throw-away-throw-away-throw-away-throw-away-9x \
	ALLOWED_HOSTS=chat.example.org \
	MESSAGE_KEYS=dGhyb3ctYXdheS10aHJvdy1hd2F5LXRocm93LWF3YXk= \
	AUDIT_SIGNING_KEY=dGhyb3ctYXdheS10aHJvdy1hd2F5LXRocm93LWF3YXk= \
	AUDIT_CHECKPOINT_DIR=/nonexistent \
	DATABASE_URL=postgresql://nobody@127.0.0.1:1/none \
	REDIS_URL=redis://127.0.0.1:1/0

.PHONY: help run test lint format types bench bench-risk bench-ablation bench-scoring bench-content docs requirements clean runtime dev
.DEFAULT_GOAL := help

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

run: runtime ## Start the whole service with a demonstration clinic; Ctrl-C stops it (ARGS="--port 9000" and so on)
	@$(PY) manage.py serve $(ARGS)

test: dev ## Run all tests against PostgreSQL and Valkey of their own (ARGS="tests/triage" narrows them)
	@$(PY) -m pytest -n 2 --dist loadgroup $(ARGS)

lint: dev ## Check style, import directions, migrations, production settings, content and the API's schema
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	.venv/bin/lint-imports
	@# Without a server the history of migrations cannot be compared, only the models; that is what is asked here.
	$(THROW_AWAY) $(PY) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(THROW_AWAY) $(PY) manage.py check --deploy --fail-level WARNING
	$(THROW_AWAY) $(PY) manage.py lint_content
	$(THROW_AWAY) $(PY) manage.py spectacular --validate --fail-on-warn --file /dev/null

format: dev ## Put imports and layout in order
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

types: dev ## Check types with mypy
	TRIAGE_HOME=/nonexistent $(PY) -m mypy .

bench: dev ## Measure turns beside the bare pipeline, and how fast the audit trail is verified
	$(PY) -m benchmarks.turns $(ARGS)
	$(PY) -m benchmarks.in_stage benchmarks.audit_verification

bench-risk: dev ## Measure the risk model: quality by level and milliseconds a message
	$(PY) -m benchmarks.risk $(ARGS)

bench-ablation: dev ## Measure what each part of the risk model is worth (ARGS="--markdown FILE" writes the table)
	$(PY) -m benchmarks.ablation $(ARGS)

bench-scoring: dev ## Measure the speed and memory of scoring, beside a plain scikit-learn pipeline
	$(PY) -m benchmarks.scoring $(ARGS)

bench-content: dev ## Measure the bot: crisis suite, wishes for a person, and the speed of its turn
	$(PY) -m benchmarks.content $(ARGS)

docs: dev ## Build the documentation as a site in var/site
	$(PY) -m mkdocs build --strict --quiet

requirements: dev ## Pin requirements.txt and requirements-dev.txt anew from pyproject.toml
	$(PY) -m uv pip compile --universal --python-version 3.11 pyproject.toml -o requirements.txt
	$(PY) -m uv pip compile --universal --python-version 3.11 --group dev -c requirements.txt -o requirements-dev.txt

clean: ## Remove .venv, caches and artefacts; conversations and logs in the state directory stay
	rm -rf .venv .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache staticfiles var tests/artefacts
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

runtime: $(PY)
	@$(call install,runtime,requirements.txt)

dev: $(PY)
	@$(call install,dev,requirements.txt requirements-dev.txt)

# A virtual environment whose Python has gone is a link to nothing, so this rule makes it anew.
$(PY):
	@for python in $(PYTHONS); do \
		if "$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "Making .venv with $$python"; \
			"$$python" -m venv --clear .venv && exit 0; \
		fi; \
	done; \
	echo "error: no Python 3.11 or newer with venv found (looked for: $(strip $(PYTHONS)))." >&2; \
	echo "Debian and Ubuntu: apt-get install python3-venv. macOS: brew install python@3.13." >&2; \
	echo "Or name one: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; \
	exit 1

# $(1) names the stamp, $(2) the requirement files. Nothing is installed while their digest stays the same.
define install
digest=`cat $(2) | cksum`; \
if [ "$$digest" != "`cat .venv/$(1).stamp 2>/dev/null`" ]; then \
	echo "Installing $(2) into .venv (a minute or two the first time)"; \
	$(PY) -m pip --version >/dev/null 2>&1 || $(PY) -m ensurepip >/dev/null; \
	$(PIP) install --quiet $(foreach file,$(2),-r $(file)) || exit 1; \
	echo "$$digest" > .venv/$(1).stamp; \
fi
endef
