"""From an inventory's host to its plan or its refusal, before anything is touched."""
