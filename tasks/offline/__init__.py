"""What a host takes from a bundle in place of the network, and how it gets it."""
