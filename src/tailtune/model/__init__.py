"""Frozen values with units; the words of the house as types."""
