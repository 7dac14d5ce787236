"""Read, encode, score: the batched columnar loop that nodes share."""
