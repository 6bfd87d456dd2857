"""Volumes and label maps, from DICOM and NIfTI."""
