"""Arrays in, arrays out: compiled maths that knows no table."""
