"""The driver doctor: what is wrong with a host, by name, from what was seen. It changes nothing."""
