# Copyright 2026 dxl_port_driver maintainers
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

# Every target that needs the environment sets it up by itself, once. `make help` tells the targets.

DISTRO ?= kilted
# Which Python the environment is made with; empty: the one it has, else python3.
PYTHON ?=
PORT ?= sim://
BAUDRATE ?= 1000000
# Tests at the same time: more than cores, as most of their time they wait for other processes.
TEST_JOBS ?= 4
PYTEST_ARGS ?=
BENCH_ARGS ?=

ifeq ($(DISTRO),kilted)
VENV := .venv
else ifeq ($(DISTRO),jazzy)
VENV := .venv-jazzy
else
$(error DISTRO=$(DISTRO) is not known: say DISTRO=kilted or DISTRO=jazzy)
endif

# Relative paths only, here and in all recipes: the checkout may lie in a folder with blanks.
CLEAN := sh tools/clean_env.sh
SETUP := $(CLEAN) sh tools/setup.sh $(DISTRO) $(VENV) '$(PYTHON)'
RUN := $(CLEAN) $(VENV)/bin/python

.DEFAULT_GOAL := help
.PHONY: help setup setup-tests demo run test lint format coverage test-colcon bench lock clean distclean

help:
	@echo 'make demo        see the driver at work on emulated servos'
	@echo 'make run         run the driver in the foreground: PORT=/dev/ttyUSB0 BAUDRATE=57600 (default: sim://)'
	@echo 'make test        linters and the whole test suite (PYTEST_ARGS="-k name")'
	@echo 'make bench       measure everything against references (BENCH_ARGS="--quick --only sdk_read")'
	@echo 'make setup       only make the environment ready (every other target does that by itself)'
	@echo 'make lint        linters only'
	@echo 'make format      put the sources into their form'
	@echo 'make coverage    the test suite, with what it does not reach'
	@echo 'make test-colcon build and test both packages in a colcon workspace'
	@echo 'make lock        pin the newest packages in requirements/'
	@echo 'make clean       remove what builds and tests left in the checkout'
	@echo 'make distclean   the same, and the environments .venv and .venv-jazzy'
	@echo
	@echo 'DISTRO=jazzy takes ROS 2 Jazzy (in .venv-jazzy) instead of Kilted (in .venv); PYTHON=python3.12 another Python.'

setup:
	@$(SETUP)

setup-tests:
	@$(SETUP) --with-tests

demo: setup
	@$(RUN) tools/demo.py

run: setup
	@$(CLEAN) sh tools/run.sh $(VENV) '$(PORT)' '$(BAUDRATE)'

lint: setup-tests
	$(RUN) -m ruff check
	$(RUN) -m ruff format --check
	$(RUN) -m mypy --cache-dir $(VENV)/.setup/mypy_cache
	$(RUN) -m mypy --cache-dir $(VENV)/.setup/mypy_cache tools $(wildcard benchmarks)

format: setup-tests
	$(RUN) -m ruff check --fix-only
	$(RUN) -m ruff format

test: lint
	$(RUN) -m pytest -n $(TEST_JOBS) $(PYTEST_ARGS)

test-colcon: setup-tests
	$(RUN) -m pytest test/packaging/check_workspace.py $(PYTEST_ARGS)

coverage: setup-tests
	$(RUN) -m pytest -n $(TEST_JOBS) --cov --cov-report=term $(PYTEST_ARGS)

bench:
	@$(SETUP) --with-tests --with-bench
	$(RUN) -m benchmarks.run $(BENCH_ARGS)

lock:
	$(CLEAN) sh requirements/lock.sh

clean:
	rm -rf build install log .coverage .coverage.* coverage.xml htmlcov .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name '.venv*' -prune -o \( -name __pycache__ -o -name '*.egg-info' \) -exec rm -rf {} +

distclean: clean
	rm -rf .venv .venv-jazzy .venv.lock .venv-jazzy.lock
