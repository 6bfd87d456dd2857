"""Shadows of instruments: which pixels they touch, how far rays run in them and in what."""
