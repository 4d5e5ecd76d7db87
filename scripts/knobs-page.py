"""Prints docs/knobs.md, from what the knobs say of themselves."""

import sys

from tailtune.lab.knobs import reference
from tailtune.show.markdown.knobs import knob_page

sys.stdout.write(knob_page(reference()))
