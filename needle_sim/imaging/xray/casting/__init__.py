"""How densities lie in memory for rays, and how rays are cast through them."""
