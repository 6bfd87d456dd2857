"""Plain NumPy and SciPy ways to the answers of the package: readable, without numba."""
