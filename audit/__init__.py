"""What happened: an append-only, hash-chained trail, and how to prove that nobody altered it."""
