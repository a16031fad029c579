# `make` alone lists what can be done; tools/ does it.
PYTHON ?= python3
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo test soak bench lint pictures env stop clean

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo:  ## a running Odoo with demo data and an inbox; Ctrl-C stops it
	@exec $(PYTHON) -m tools demo

test:  ## every test, in two processes: make test ARGS="-k word"
	@exec $(PYTHON) -m tools test $(ARGS)

soak:  ## the long tests, which take many minutes: make soak ARGS="-k word"
	@exec $(PYTHON) -m tools soak $(ARGS)

bench:  ## every benchmark, or some: make bench ARGS=mail_queue
	@exec $(PYTHON) -m tools bench $(ARGS)

lint:  ## the checks of style and packaging, which also correct what they can
	@exec $(PYTHON) -m tools lint

pictures:  ## take the README's pictures again, from a demo that just started
	@exec .venv/bin/python -m tools.pictures

env:  ## prepare Odoo, its packages and PostgreSQL, and leave the latter running
	@exec $(PYTHON) -m tools env

stop:  ## stop the demo and the database server
	@exec $(PYTHON) -m tools stop

clean:  ## stop, and remove .venv and .dev with all databases; keeps Odoo's cache
	@exec $(PYTHON) -m tools clean
