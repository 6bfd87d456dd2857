"""X-ray: C-arm, beam, projection, exposure."""
