"""Voxels of a scene: tissue, texture and distance from bone."""
