"""Sonograms from labels, exact bone and an exact needle."""
