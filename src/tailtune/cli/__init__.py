"""The command line: one thin file a command, data on stdout, talk on stderr."""
