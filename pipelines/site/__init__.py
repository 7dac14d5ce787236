"""The site of a use case's runs: an index with trends, and a comparison of two."""
