"""What things are: tables, messages, ports, places, clock and the addresses of chance."""
