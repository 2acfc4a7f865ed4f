"""Scans become tracks with identity: the recognised air picture."""
