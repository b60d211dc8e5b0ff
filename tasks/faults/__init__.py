"""What can be wrong, as data: every code with its cause and its remedy."""
