"""Model values to text, Markdown and JSON; no statistics."""
