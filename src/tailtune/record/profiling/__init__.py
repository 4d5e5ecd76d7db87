"""Profiles of what runs already: attaching to a process, pulling from a service, opening files."""
