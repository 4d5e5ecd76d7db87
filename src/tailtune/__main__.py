"""`python -m tailtune`: the command line without the installed script."""

import sys

from tailtune.cli.app import main

if __name__ == "__main__":
    sys.exit(main())
