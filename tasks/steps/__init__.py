"""The seam to pyinfra: steps, jobs, files, reboots, and how a host is refused."""
