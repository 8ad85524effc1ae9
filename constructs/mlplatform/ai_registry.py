"""The AI Registry of an account and region: a private hub whose name the SageMaker SDK computes."""

import base64
import hashlib


def hub_name(region: str, account: str) -> str:
    """Return the name of the hub, 52 characters of ``0-9A-V``.

    As ``sagemaker.ai_registry`` of the SageMaker Python SDK builds it: base32**hex** (RFC 4648, section 7)
    of a SHA-256, without padding.
    """
    digest = hashlib.sha256(display_name(region, account).encode()).digest()
    return base64.b32hexencode(digest).decode("ascii").rstrip("=")


def display_name(region: str, account: str) -> str:
    """Return the hub's name for people, of which its own name is made."""
    return f"AiRegistry-{region}-{account}"
