"""The command line: one short file a sub-command; main.py is the one door for errors."""
