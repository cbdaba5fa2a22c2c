"""Learning: what is learnt from (corpus), the fitting (train), and the versions (registry)."""
