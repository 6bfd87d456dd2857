"""The parametric spine."""
