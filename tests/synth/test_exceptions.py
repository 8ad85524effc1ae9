"""Exceptions from scanner rules, written by constructs."""

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from mlplatform.exceptions import except_from

BECAUSE = "the access logs of this bucket would be its own"


def test_exceptions_travel_from_the_construct_to_the_template() -> None:
    stack = Stack(App(), "Foundation")
    logs = s3.CfnBucket(stack, "Logs")
    for rule in ("CKV_AWS_18", "CKV_AWS_21"):
        except_from(logs, "checkov", rule, because=BECAUSE)
    for rule in ("CT.S3.PR.2", "CT.S3.PR.4"):
        except_from(logs, "guard", rule, because=BECAUSE)
    metadata = Template.from_stack(stack).to_json()["Resources"]["Logs"]["Metadata"]
    assert metadata == {
        "checkov": {
            "skip": [{"id": "CKV_AWS_18", "comment": BECAUSE}, {"id": "CKV_AWS_21", "comment": BECAUSE}]
        },
        "guard": {
            "SuppressedRules": ["CT.S3.PR.2", "CT.S3.PR.4"],
            "Reasons": {"CT.S3.PR.2": BECAUSE, "CT.S3.PR.4": BECAUSE},
        },
    }


def test_an_exception_needs_a_reason_and_is_made_once() -> None:
    logs = s3.CfnBucket(Stack(App(), "Foundation"), "Logs")
    with pytest.raises(ValueError, match=r"CT\.S3\.PR\.2 on Foundation/Logs: 'none' is no reason"):
        except_from(logs, "guard", "CT.S3.PR.2", because="none")
    except_from(logs, "guard", "CT.S3.PR.2", because=BECAUSE)
    with pytest.raises(ValueError, match=r"CT\.S3\.PR\.2 on Foundation/Logs is excepted already"):
        except_from(logs, "guard", "CT.S3.PR.2", because=BECAUSE)
