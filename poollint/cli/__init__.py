"""The command line: options in, no logic of its own."""
