"""Lines for the people who are told how a run ended."""

from collections.abc import Iterator

from customization.call import Call


def measured(call: Call) -> Iterator[str]:
    """Each metric of the version, beside that of the base model where there is one."""
    base = call.work.get("Base") or {}
    for name, value in sorted((call.work.get("Metrics") or {}).items()):
        known = f" (base model {base[name]:.4g})" if name in base else ""
        yield f"{name}: {value:.4g}{known}"


def approval(call: Call, number: int) -> Iterator[str]:
    """How to approve the version, and how to release it then where it serves."""
    package = str(call.work["Package"])
    region = package.split(":")[3]
    yield (
        f"To approve: aws sagemaker update-model-package --region {region} "
        f"--model-package-arn {package} --model-approval-status Approved"
    )
    if call.literal.get("Serving"):
        where = f"ENV={call.literal['Environment']} MODEL={call.literal['Model']}"
        yield f"Then, unless its release begins by itself: make release {where} VERSION={number}"
