"""Customizes and serves one model in Amazon Bedrock, step by step, and takes it out of service again."""
