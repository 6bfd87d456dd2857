"""What an image receptor does to the picture: scintillator, sharpness, intensifier."""
