"""What is: pyinfra facts that report a host as it stands. They parse; they hold no opinion."""
