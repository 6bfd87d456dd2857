"""Needles and where they lie."""
