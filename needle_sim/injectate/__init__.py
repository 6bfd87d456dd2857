"""Contrast and drug from a tip through compartments."""
