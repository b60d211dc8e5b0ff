"""What host data say, read once into frozen values."""
