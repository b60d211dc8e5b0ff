"""What an image is made from: shared by the bundle and the image."""
