"""Ours beside other packages, in an environment of their own; see README.md."""
