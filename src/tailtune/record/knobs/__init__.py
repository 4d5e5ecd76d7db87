"""Settings that can be turned without a rebuild: one module each, with a `KNOB`."""
