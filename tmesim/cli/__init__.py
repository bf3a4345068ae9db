"""The command line: the application with all commands, in the order in which help shows them."""

from importlib import import_module

from tmesim.cli.app import app, main

__all__ = ["app", "main"]

for _name in ("simulating", "showing", "doubting", "looking_up"):
    import_module(f"tmesim.cli.commands.{_name}")
