"""Tissues, landmarks, targets; the parametric phantom and its fit to a labelled CT."""
