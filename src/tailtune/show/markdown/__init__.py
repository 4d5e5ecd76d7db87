"""Markdown for reviewers and pull requests."""
