"""Container images for hosts' engines, and a registry for them."""
