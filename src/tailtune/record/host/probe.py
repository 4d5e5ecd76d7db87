"""A process that wakes 50 times a second and does nothing: the kernel counts how long each wake-up waits.

Costs about 0.1 % of a CPU. Run as `python -m tailtune.record.host.probe`; read from outside by its schedstat.
"""

import time

_STEP_SECONDS = 0.02

if __name__ == "__main__":
    while True:
        time.sleep(_STEP_SECONDS)
