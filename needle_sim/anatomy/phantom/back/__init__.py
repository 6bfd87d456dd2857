"""The muscles behind the spine."""
