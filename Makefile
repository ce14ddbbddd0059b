# Everything that a contributor or CI runs. `make` alone lists the targets.

SWIFT ?= swift
SWIFT_SOURCES = Package.swift Sources Tests Snippets viewer Benchmarks/Package.swift Benchmarks/Sources
# The photograph that `make demo` filters; empty takes the one of a Debian package.
PHOTO ?=
# Options of `Benchmarks/peers.py run` in `make bench-peers`.
RUN ?=
# Options of `Scripts/write-guide` in `make guide`.
GUIDE ?=

# Python finds the package among the sources, and the library where Scripts/build-c-library puts it.
PYTHON_PATHS = FEWTAP_LIBRARY="$(CURDIR)/.build/c/lib/libfewtap.so" PYTHONPATH=python/src
# What needs PyTorch is tested with the system's, see Scripts/install-deps, in the Python that it belongs to.
PYTHON_TORCH = .build/python-torch/bin/python
PYTHON_DOCS = -W error -m pdoc --docformat numpy --output-directory docs-out/python \
  fewtap fewtap.handle fewtap.stored fewtap.dask
PYTHON_TORCH_TESTS = $(shell grep -l 'importorskip..torch' python/tests/*.py)

.DEFAULT_GOAL := help
.PHONY: help demo build test shader-tools python-tools wheel python-test python-torch python-docs lint sanitize c-library format docs
.PHONY: bench bench-peers bench-python guide deps clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## fit a heart-shaped lens blur and run it over a photograph (PHOTO=file for your own)
	@Scripts/install-deps build demo
	@Scripts/demo $(if $(PHOTO),"$(PHOTO)")

build: ## build the command and the libraries, optimized
	@Scripts/install-deps build
	$(SWIFT) build -c release

# Without testable imports, tests link the very objects of `make build`, and neither of the two builds all anew.
test: lint sanitize docs shader-tools ## everything that CI checks: lint, sanitizers, documentation, tests
	$(SWIFT) test -c release --disable-testable-imports
	$(SWIFT) run -c release FitAndFilter
	$(SWIFT) run -c release Deconvolve
	@$(MAKE) --no-print-directory python-test

shader-tools: ## install what tests run WGSL and HLSL with, into .build/shader-tools
	@Scripts/install-deps test
	@test -d .build/shader-tools || python3 -m venv .build/shader-tools
	.build/shader-tools/bin/pip --disable-pip-version-check install --quiet -r Tests/Shaders/requirements.txt

python-tools: ## install what builds and tests the Python package, into .build/python
	@Scripts/install-deps build test
	@test -d .build/python || python3 -m venv .build/python
	.build/python/bin/python -m pip --disable-pip-version-check install --quiet -r python/requirements.txt

wheel: python-tools ## build the Python package, dist/fewtap-*.whl, with all that it needs inside
	Scripts/build-wheel

python-test: python-docs ## check the Python package: style, types, reference, tests, and the wheel beside NumPy alone
	.build/python/bin/python -m ruff format --check --quiet python
	.build/python/bin/python -m ruff check --quiet python
	cd python && ../.build/python/bin/python -m mypy
	$(PYTHON_PATHS) .build/python/bin/python -m pytest python
	@if $(PYTHON_TORCH) -c 'import torch' 2>/dev/null; then \
	  $(PYTHON_PATHS) $(PYTHON_TORCH) -m pytest $(PYTHON_TORCH_TESTS); \
	else \
	  echo 'python-test: PyTorch is not here, and what needs it was not tested'; \
	fi
	Scripts/check-wheel

python-torch: ## install what tests and documents fewtap.torch, into .build/python-torch
	@Scripts/install-deps torch
	@test -d .build/python-torch || /usr/bin/python3 -m venv --system-site-packages .build/python-torch
	@if $(PYTHON_TORCH) -c 'import torch' 2>/dev/null; then \
	  $(PYTHON_TORCH) -m pip --disable-pip-version-check install --quiet -r python/requirements-torch.txt; \
	fi

python-docs: wheel python-torch ## write the reference of the Python package to docs-out/python; a warning is an error
	@rm -rf docs-out/python
	@if $(PYTHON_TORCH) -c 'import torch' 2>/dev/null; then \
	  $(PYTHON_PATHS) $(PYTHON_TORCH) $(PYTHON_DOCS) fewtap.torch; \
	else \
	  echo 'python-docs: PyTorch is not here, and fewtap.torch was left out' && \
	  $(PYTHON_PATHS) .build/python/bin/python $(PYTHON_DOCS); \
	fi

lint: ## check the format, the arrows between targets and the file schema
	@Scripts/install-deps build test
	$(SWIFT) format lint --strict --parallel --recursive Package.swift Sources Tests Snippets viewer
	Scripts/check-layering --self-test
	Scripts/check-layering
	Scripts/check-schema --self-test
	Scripts/check-snippets
	Scripts/write-guide --check

sanitize: ## run the C code under the address and undefined-behavior sanitizers, plans under that of threads
	@Scripts/install-deps build
	Scripts/check-sanitizers
	Scripts/check-c-interface

c-library: ## build libfewtap.so for other languages into .build/c, with all it needs inside (Linux)
	@Scripts/install-deps build
	Scripts/build-c-library

format: ## format all Swift sources in place
	$(SWIFT) format --in-place --parallel --recursive Package.swift Sources Tests Snippets viewer

docs: ## write the documentation as a static site to docs-out/
	@Scripts/install-deps build
	Scripts/build-docs

bench: ## measure fits on photographs, and print the tables (PHOTO=file for one photograph more)
	@Scripts/install-deps build bench
	Benchmarks/get-photos
	$(SWIFT) run -c release --package-path Benchmarks fewtap-bench all --photos "$(CURDIR)/.bench/photos" \
	  $(if $(PHOTO),"$(PHOTO)")
	@if python3 -c 'import numpy, skimage' 2>/dev/null; then \
	  printf '\nphoto_spectra.py --check: '; python3 Benchmarks/photo_spectra.py --check; \
	else \
	  printf '\nphoto_spectra.py --check: skipped, python3 here has no numpy and skimage\n'; \
	fi

bench-peers: ## measure filters beside OpenCV, FFTW, SciPy, PyTorch, libvips: 15 minutes (RUN='...' for options)
	@Scripts/install-deps build peers
	@test -d .bench/venv || python3 -m venv .bench/venv
	.bench/venv/bin/pip --disable-pip-version-check install --quiet -r Benchmarks/peers-requirements.txt
	.bench/venv/bin/python Benchmarks/get-photos
	$(SWIFT) build -c release
	$(SWIFT) build -c release --package-path Benchmarks
	.bench/venv/bin/python Benchmarks/check_metrics.py
	.bench/venv/bin/python Benchmarks/peers.py prepare
	.bench/venv/bin/python Benchmarks/peers.py run $(RUN)

bench-python: c-library ## measure the Python package beside SciPy, OpenCV, PyTorch, deepinv: 10 minutes (RUN='...' for options)
	@Scripts/install-deps torch
	@test -d .bench/python || /usr/bin/python3 -m venv --system-site-packages .bench/python
	.bench/python/bin/python -m pip --disable-pip-version-check install --quiet -r Benchmarks/python-peers-requirements.txt
	.bench/python/bin/python -m pip --disable-pip-version-check install --quiet --no-deps deepinv==0.5.0
	Benchmarks/get-photos
	FEWTAP_LIBRARY="$(CURDIR)/.build/c/lib/libfewtap.so" PYTHONPATH=python/src .bench/python/bin/python \
	  Benchmarks/python_peers.py $(RUN)

guide: ## measure anew what Guides/Comparing.md tells, 40 minutes on two cores (GUIDE='...' for write-guide's options)
	@Scripts/install-deps build bench
	Benchmarks/get-photos
	$(SWIFT) build -c release
	Scripts/write-guide $(GUIDE)

deps: ## install what the targets above need (Debian, Ubuntu), or say what to install (macOS)
	@Scripts/install-deps build test demo

clean: ## delete what the targets above made
	$(SWIFT) package clean
	rm -rf demo docs-out dist .build/sanitizers .build/shader-tools .build/python .build/python-torch .build/wheel
