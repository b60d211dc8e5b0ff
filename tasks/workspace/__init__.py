"""Workspaces: one container per person, with JupyterLab behind a token."""
