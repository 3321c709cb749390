# make run   a virtual environment, the requirements, the app
# make test  the same, the tests' requirements and a browser; then lint and every test

PYTHON ?= python3
VENV ?= .venv
PORT ?= 8501
BIN := $(VENV)/bin

.PHONY: run test lint browser bench recordings catalogues clean

run: $(VENV)/run.stamp
	$(BIN)/streamlit run app.py --server.port $(PORT)

test: lint browser
	$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# Playwright drives the machine's own Chromium, and fetches one only where there is none.
browser: $(VENV)/test.stamp
	@command -v chromium || command -v chromium-browser || command -v google-chrome \
	  || (command -v apt-get && [ "$$(id -u)" = 0 ] && apt-get update -q && apt-get install -qy chromium fonts-noto-cjk) \
	  || $(BIN)/playwright install --with-deps chromium

bench: $(VENV)/test.stamp
	$(BIN)/python -m benchmarks.cells
	$(BIN)/python -m benchmarks.engine
	$(BIN)/python -m benchmarks.live
	$(BIN)/python -m benchmarks.homework
	$(BIN)/python -m benchmarks.clicks
	$(BIN)/python -m benchmarks.scrub
	$(BIN)/python -m benchmarks.telescope
	$(BIN)/python -m benchmarks.seq2seq
	$(BIN)/python -m benchmarks.transformer

# The runs that pages show before the visitor has trained anything.
recordings: $(VENV)/run.stamp
	for model in rnn lstm gru mlp cnn encoder_decoder encoder_decoder_attention repeat_vector \
	  transformer; do \
	  $(BIN)/python -m seqcore train --architecture $$model --quiet --out assets/runs/$$model.npz || exit 1; \
	done
	$(BIN)/python -m seqcore memory --quiet --out assets/runs
	$(BIN)/python -m seqcore translate --quiet --out assets/runs
	$(BIN)/python -m seqcore transformer --quiet --out assets/runs
	$(BIN)/python -m seqcore.recordings assets/runs

# The translators' files, brought up to date with the sentences in the code.
catalogues: $(VENV)/run.stamp
	$(BIN)/pybabel -q extract -F assets/locale/babel.cfg -k N_ -k t --no-location --sort-output \
	  -o assets/locale/seqlab.pot .
	$(BIN)/pybabel -q update -i assets/locale/seqlab.pot -d assets/locale -D seqlab --no-fuzzy-matching

$(VENV)/run.stamp: requirements.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "SeqLab needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q -r requirements.txt
	touch $@

$(VENV)/test.stamp: requirements-dev.txt $(VENV)/run.stamp
	$(BIN)/python -m pip install -q -r requirements-dev.txt
	touch $@

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis
