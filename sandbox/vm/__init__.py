"""Virtual machines: their disks, the images below them, and a kernel tried alone."""
