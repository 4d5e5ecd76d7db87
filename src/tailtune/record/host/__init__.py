"""The machine: fingerprint, CPU layout, interference, and what can be tried on it."""
