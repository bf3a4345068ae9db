"""Signatures and help of the commands; what they do is imported inside of them, as it takes time."""
