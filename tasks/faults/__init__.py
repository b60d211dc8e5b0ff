"""Codes, causes and remedies as data."""
