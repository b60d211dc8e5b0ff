"""The command line, and the rooms in a team's own repository: one name for all of them."""
