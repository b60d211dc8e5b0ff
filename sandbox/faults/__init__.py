"""Faults that can be made on a throwaway host: data, and what carries them out."""
