"""The program on a host that provisions itself: Python's own library alone, 3.8 or newer. Pure."""
