"""Models of a silo's own: trained, chosen and kept inside the silo."""
