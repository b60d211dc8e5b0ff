"""What the sandbox needs of this machine, starts on it and changes in it."""
