"""`tailtune doctor`: what can be measured here and how noisy this machine is; tried and measured, not guessed.

Facts come from `record`; each module of this package turns one family of facts into checks, purely.
"""

from tailtune.lab.doctor.examine import doctor

__all__ = ["doctor"]
