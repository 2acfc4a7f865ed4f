"""The simulator: truth, sensors, effectors. A feed, and the only thing that can be given orders."""
