"""Paths from the skin to a target."""
