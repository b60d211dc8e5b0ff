"""Large files from a server to the controller: gone on with after a cut, checked in the end."""
