"""Starts a model's release when a version is approved, has served in the environment before, or one died."""
