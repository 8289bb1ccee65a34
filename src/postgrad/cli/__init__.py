"""The command line: one file a command. It only parses, calls a verb, and draws."""
