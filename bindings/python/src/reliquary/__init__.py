"""Artifacts of W&B and of the embedded registry."""
