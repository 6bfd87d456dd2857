"""A coarse CT made finer where an exact bone is known."""
