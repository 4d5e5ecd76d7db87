"""Importers: each module reads requests out of one format; found by being here."""
