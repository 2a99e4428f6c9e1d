"""Print the pass table of the behavioural suite as Markdown: `python -m tests.riskmodel.behaviour`."""

import sys

from tests.riskmodel.behaviour.suite import load_suite, markdown, run_suite

sys.stdout.write(markdown(run_suite(load_suite())))
