"""Programs that travel to the host and run there. They import nothing of ours."""
