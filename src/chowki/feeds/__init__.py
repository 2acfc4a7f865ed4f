"""Everything that tells us something, in time order: live, recorded and simulated, one door."""
