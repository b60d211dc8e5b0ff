"""Two sides measured by turns and compared: native against the image, or host against host."""
