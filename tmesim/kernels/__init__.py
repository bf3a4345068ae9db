"""Compiled kernels: arrays and numbers in, arrays and numbers out; no names, no Mesa."""
