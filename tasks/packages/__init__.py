"""apt and dnf: what jobs run, and what a transaction may move."""
