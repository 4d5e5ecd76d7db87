"""Binaries built into the cache, from the working tree or from a commit."""
