"""What is different on a Jetson."""
