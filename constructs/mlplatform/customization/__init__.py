"""Customizing foundation models: what AWS offers, and what a model's own parts must look like."""
