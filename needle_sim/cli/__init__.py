"""The command line: click, one file a command: parse, call a verb, print."""
