"""From a host that somebody made by hand to the stack and the host data of another one like it."""
