# Everything one does with this project, one command each: `make help`.
# Written for GNU make 3.81 (macOS) and any POSIX shell.

MAKEFLAGS += --no-print-directory
PYTHON ?= python3
PY := .venv/bin/python

ifeq ($(OS),Windows_NT)
ifndef WSL_DISTRO_NAME
$(error Native Windows is not supported: run this inside WSL 2)
endif
endif

# Node, the CDK CLI and every cache are the project's own. Recipes name $(PY) by its path all the same:
# make 3.81 ignores an exported PATH when it starts a command without a shell.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export JSII_RUNTIME_PACKAGE_CACHE_ROOT := $(CURDIR)/.cache/jsii
export CDK_HOME := $(CURDIR)/.cache/cdk
export UV_CACHE_DIR := $(CURDIR)/.cache/uv
export UV_PYTHON_INSTALL_DIR := $(CURDIR)/.cache/uv/python

# An environment is made anew when its Python is gone (upgraded away) or when the folder was moved or copied:
# it would activate the old place.
STALE := $(shell for e in .venv .venv-checkov; do \
  [ -x $$e/bin/python ] && [ "$$(cat $$e/.home)" = "$$(pwd -P)" ] || rm -f $$e/.runtime; done 2>/dev/null)

ENVIRONMENTS = $(patsubst environments/%.yaml,%,$(wildcard environments/*.yaml))
WORKFLOWS = train tune register batch customize customize-bedrock retire-bedrock
RELEASES = release ab-test rollback confirm $(LIFECYCLE)
LIFECYCLE = pause resume retire
NEEDS_ENV := $(filter explain cost bootstrap preflight deploy destroy status protect image $(WORKFLOWS) $(RELEASES),$(MAKECMDGOALS))
ifneq ($(NEEDS_ENV),)
ifeq ($(strip $(ENV)),)
$(error make $(firstword $(NEEDS_ENV)) needs ENV=, one of: $(ENVIRONMENTS))
endif
endif

ifneq ($(NEEDS_ENV)$(filter diff rehearse,$(MAKECMDGOALS)),)
ifneq ($(filter-out $(ENVIRONMENTS),$(ENV)),)
$(error no environment $(ENV), there is: $(ENVIRONMENTS))
endif
endif

MODELS = $(patsubst models/%/model.yaml,%,$(wildcard models/*/model.yaml))
NEEDS_MODEL := $(filter image $(WORKFLOWS) $(RELEASES),$(MAKECMDGOALS))
ifneq ($(NEEDS_MODEL),)
ifeq ($(strip $(MODEL)),)
$(error make $(firstword $(NEEDS_MODEL)) needs MODEL=, one of: $(MODELS))
endif
endif

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help synth test verify bench baselines diff explain cost schema policies \
  bootstrap preflight deploy destroy lock refresh-regions refresh-images clean \
  rehearse new-model image status protect $(WORKFLOWS) $(RELEASES)

##@ Every day
help: ## This list
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "%s%s\n", n++ ? "\n" : "", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' Makefile

synth: .venv/.runtime node_modules/.runtime ## Check the settings and write the templates of all environments
	@$(PY) -m tools.synth

# Types are checked beside the tests: with nothing cached yet, mypy reads all of CDK for a minute.
test: .venv/.dev node_modules/.dev ## Lint, types and tests
	@$(PY) -m ruff check
	@$(PY) -m ruff format --check
	@$(PY) -m mypy >.cache/mypy.log 2>&1 & types=$$!; \
	  $(PY) -m pytest --numprocesses auto --maxprocesses 4 --dist loadscope --no-loadscope-reorder; code=$$?; wait $$types || code=1; cat .cache/mypy.log; exit $$code

##@ Models
rehearse: .venv/.dev node_modules/.dev synth ## Train on this machine, without AWS: [MODEL=] [ENV=] [FAULT=] [KEEP=1]
	@$(PY) -m rehearsal $(if $(ENV),--environment $(ENV)) $(if $(MODEL),--model $(MODEL)) \
	  $(if $(FAULT),--fault $(FAULT)) $(if $(filter 1,$(KEEP)),--keep)

new-model: .venv/.runtime ## Start a model as a copy of another: NAME= FROM=credit-approval
	@$(PY) -m tools.new_model '$(NAME)' '$(FROM)'

image: .venv/.runtime ## Build and push a model's own image, by digest: MODEL= ENV=dev
	@$(PY) -m tools.image $(ENV) $(MODEL)

train: .venv/.runtime ## Train, evaluate and register in AWS: MODEL= ENV=dev [INPUT='{}'] [NAME=]
tune: .venv/.runtime ## Search hyperparameters, then register the best: MODEL= ENV=dev
register: .venv/.runtime ## Register what was built elsewhere: MODEL= ENV=dev INPUT='{"model_data": "s3://…"}'
batch: .venv/.runtime ## Score data with the approved version: MODEL= ENV=dev
customize: .venv/.runtime ## Fine-tune a foundation model, register it: MODEL= ENV=dev [INPUT='{…}']
customize-bedrock: .venv/.runtime ## Customize and serve a model in Amazon Bedrock: MODEL= ENV=dev [INPUT='{…}']
retire-bedrock: .venv/.runtime ## Take it out of service there: MODEL= ENV=dev [INPUT='{"delete_models": true}']
$(WORKFLOWS):
	@$(PY) -m tools.workflow $@ $(ENV) $(MODEL) $(if $(INPUT),--input '$(INPUT)') $(if $(NAME),--name '$(NAME)')

##@ Releases
release: .venv/.runtime ## Release the newest approved version: MODEL= ENV=prod [VERSION=8] [NAME=]
	@$(PY) -m tools.release $(ENV) $(MODEL) $(if $(VERSION),--version '$(VERSION)') $(if $(NAME),--name '$(NAME)')

ab-test: .venv/.runtime ## Test a version with part of the requests: MODEL= ENV=prod [VERSION=8] [NAME=]
	@$(PY) -m tools.ab_test $(ENV) $(MODEL) $(if $(VERSION),--version '$(VERSION)') $(if $(NAME),--name '$(NAME)')

rollback: .venv/.runtime ## Bring the version before back, at once: MODEL= ENV=prod [TO=7] [REASON=]
	@$(PY) -m tools.rollback $(ENV) $(MODEL) $(if $(TO),--to '$(TO)') $(if $(REASON),--reason '$(REASON)')

pause: .venv/.runtime ## Stop paying for an endpoint, keep which version it serves: MODEL= ENV=dev [REASON=]
resume: .venv/.runtime ## Bring back the version that was paused or retired: MODEL= ENV=dev [REASON=]
retire: .venv/.runtime ## Take an endpoint away for good, and list what remains: MODEL= ENV=prod [REASON=]
$(LIFECYCLE):
	@$(PY) -m tools.lifecycle $@ $(ENV) $(MODEL) $(if $(REASON),--reason '$(REASON)')

confirm: .venv/.runtime ## Answer a release that asks: MODEL= ENV=prod [ANSWER=decline] [NAME=]
	@$(PY) -m tools.confirm $(ENV) $(MODEL) $(if $(ANSWER),--answer '$(ANSWER)') $(if $(NAME),--name '$(NAME)')

status: .venv/.runtime ## What serves, since when, approved by whom, and what is under way: ENV=prod
	@$(PY) -m tools.status $(ENV)

protect: .venv/.runtime ## Keep endpoints and their stacks from being deleted: ENV=prod
	@$(PY) -m tools.protect $(ENV)

##@ Look
explain: .venv/.runtime ## Settings of one environment, defaults marked: ENV=dev
	@$(PY) -m tools.explain $(ENV)

cost: synth ## Fixed monthly cost of one environment, by stack: ENV=dev
	@$(PY) -m tools.cost $(ENV)

diff: .venv/.dev synth ## What changes against a git ref: [ENV=prod] [BASE=main]
	@$(PY) -m tools.review $(if $(ENV),--environment $(ENV),--all) $(if $(BASE),--base $(BASE))

##@ Accept and generate
baselines: .venv/.dev node_modules/.dev synth ## Accept templates, acknowledgements and permissions as they are now
	@$(PY) -m tools.baselines
	@$(PY) -m tools.acknowledged
	@$(PY) -m tools.permissions_report
	@$(PY) -m tools.customization_report

schema: .venv/.runtime ## JSON Schemas of the settings files, for editors, and the lists in docs/
	@$(PY) -m tools.schema
	@$(PY) -m tools.model_reference
	@$(PY) -m tools.customization_offer

policies: .venv/.dev node_modules/.dev ## What CloudFormation may do, from the templates' types
	@$(PY) -m tools.bootstrap_policies

##@ Thorough
verify: .venv/.dev node_modules/.dev .venv-checkov/.runtime synth ## Everything else that can be checked
	@$(PY) -m tools.verify

bench: .venv/.dev node_modules/.dev ## CPU time and memory of a synthesis, against an empty app; what a release takes
	@$(PY) -m tools.bench

##@ Operate
bootstrap: .venv/.runtime node_modules/.runtime ## Commands that prepare an account: ENV=dev [APPLY=1] to run them
	@$(PY) -m tools.bootstrap $(ENV) $(if $(filter 1,$(APPLY)),--apply)

preflight: synth ## What in the account stands in the way, and what mends it: ENV=dev
	@$(PY) -m tools.preflight $(ENV)

deploy: synth ## Deploy what was checked, to the account the file names: ENV=dev [STACK=Network]
	@$(PY) -m tools.deploy $(ENV) $(if $(STACK),--stack $(STACK)) $(if $(filter 1,$(APPROVED)),--approved)

destroy: .venv/.runtime node_modules/.runtime ## Delete an environment from AWS, after asking: ENV=dev
	@$(PY) -m tools.destroy $(ENV)

##@ Maintain
LOCK = UV_NO_CONFIG=1 UV_SYSTEM_CERTS=1 .venv/bin/uv pip compile --quiet $(if $(UPGRADE),--upgrade) \
  --universal --python-version 3.11 --only-binary :all: --generate-hashes

NPM_LOCK = NODE_USE_SYSTEM_CA=1 .venv/bin/node .venv/bin/npm $(if $(UPGRADE),update,install) \
  --package-lock-only --loglevel=error >/dev/null
LOCKED = requirements.txt requirements-dev.txt requirements-checkov.txt package-lock.json

# A lock that comes out the same keeps its time, so that nothing is set up again for it.
lock: .venv/.dev node_modules/.runtime ## Lock the dependencies again: [UPGRADE=1] to the newest allowed
	@cp -p $(LOCKED) .cache
	@$(LOCK) --output-file requirements.txt requirements.in
	@$(LOCK) --output-file requirements-dev.txt requirements-dev.in
	@$(LOCK) --output-file requirements-checkov.txt requirements-checkov.in
	@$(NPM_LOCK)
	@for file in $(LOCKED); do ! cmp -s $$file .cache/$$file || mv .cache/$$file $$file; done

refresh-regions: .venv/.dev ## What AWS regions and instance types there are, from the installed packages
	@$(PY) -m pip install --quiet --disable-pip-version-check --only-binary :all: --no-deps --upgrade \
	  --target .cache/regions sagemaker-core
	@PYTHONPATH=.cache/regions $(PY) -m tools.refresh_regions
	@$(PY) -m tools.refresh_instance_types

refresh-images: .venv/.dev ## What images AWS offers for frameworks and algorithms, from the installed packages
	@$(PY) -m pip install --quiet --disable-pip-version-check --only-binary :all: --no-deps --upgrade \
	  --target .cache/regions sagemaker-core
	@PYTHONPATH=.cache/regions $(PY) -m tools.refresh_images
	@$(PY) -m tools.refresh_request_shapes

clean: ## Remove everything that make has made
	@rm -rf .venv .venv-checkov node_modules .cache cdk.out .cdk.staging \
	  .mypy_cache .pytest_cache .ruff_cache .hypothesis bench.json

# Set-up. A stamp is written when its part is complete, so an interrupted run starts that part again;
# it lies inside what it stands for, so both go together.

FOUND = $(shell { $(PYTHON) -c 'import sys; v = sys.version_info; \
  print("fits" if v >= (3, 11) else "%d.%d" % v[:2])'; } 2>/dev/null)
check-python = $(if $(filter fits,$(FOUND)),,\
  $(error Python 3.11 or newer is needed, $(PYTHON) is $(or $(FOUND),missing): try PYTHON=python3.12))
SETUP = PYTHON='$(PYTHON)' tools/setup.sh

.venv/.runtime: requirements.txt tools/setup.sh
	$(check-python)
	@$(SETUP) runtime
	@touch $@

.venv/.dev: requirements-dev.txt .venv/.runtime
	@$(SETUP) dev
	@touch $@

NPM_FILES = package.json package-lock.json .npmrc

node_modules/.runtime: $(NPM_FILES) | .venv/.runtime
	@$(SETUP) cdk
	@touch $@

# Development packages are not installed by `make synth`: one of them is AGPL, and they triple the size.
node_modules/.dev: $(NPM_FILES) | .venv/.runtime
	@$(SETUP) cdk-dev
	@touch node_modules/.runtime $@

.venv-checkov/.runtime: requirements-checkov.txt tools/setup.sh
	$(check-python)
	@$(SETUP) checkov
	@touch $@
