"""What leaves: NIfTI and the result files."""
