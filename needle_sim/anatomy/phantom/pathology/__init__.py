"""What ails a spine: kinds of pathology, graded, built into a phantom and read back from it."""
