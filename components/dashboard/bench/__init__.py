"""Pages measured in a browser, and the made-up runs that they are of."""
