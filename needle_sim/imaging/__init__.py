"""Modalities that see an anatomy."""
