"""Scatter on the detector by Monte Carlo, beside what the package makes of it."""
