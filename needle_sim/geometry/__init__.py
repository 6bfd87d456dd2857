"""Coordinate frames, shapes by signed distance, rays."""
