"""Programs that run inside the image. Standard library only: Debian's own Python starts them."""
