"""Processes that are started, watched and always ended."""
