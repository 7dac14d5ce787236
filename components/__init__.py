"""The nodes of the chain and the libraries they stand on."""
