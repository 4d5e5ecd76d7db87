"""Machine-readable output."""
