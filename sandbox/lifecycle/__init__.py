"""A host from its record to its removal, whether a container or a virtual machine."""
