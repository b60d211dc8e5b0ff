"""Throwaway hosts for trying and testing. The product never imports this package."""
