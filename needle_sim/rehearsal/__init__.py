"""Attempts and their scores."""
