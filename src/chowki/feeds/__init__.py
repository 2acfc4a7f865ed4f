"""Everything that tells us something, in time order: live, recorded, simulated; one door."""
