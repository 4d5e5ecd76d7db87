"""What is captured while a service runs: one module each, with a class `COLLECTOR`."""
