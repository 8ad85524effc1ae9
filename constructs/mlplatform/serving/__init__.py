"""The template of a model's Serving stack, made of its settings: plain dictionaries, and nothing else."""
