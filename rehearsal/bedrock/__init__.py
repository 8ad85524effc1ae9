"""Amazon Bedrock in the rehearsal: customization, custom models, their serving, imports, evaluations."""

from rehearsal.bedrock.service import Bedrock

__all__ = ["Bedrock"]
