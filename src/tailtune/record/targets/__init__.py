"""How services are built: one module per language, each with a `TARGET`."""
