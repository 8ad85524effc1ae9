"""Amazon CloudWatch: metrics, alarms and dashboards, by the emulated world's time."""

from rehearsal.cloudwatch.data import Key, Source, Values
from rehearsal.cloudwatch.service import CloudWatch

__all__ = ["CloudWatch", "Key", "Source", "Values"]
