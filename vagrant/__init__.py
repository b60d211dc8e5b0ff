"""Hosts that Vagrant brings up: how pyinfra reaches them, and a box for where none can be had."""
