"""One typed result for each artifact: written by its node, read by everybody."""
