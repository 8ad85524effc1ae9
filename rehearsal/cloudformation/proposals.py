"""What a call asks a stack to become: its template and parameters, checked as CloudFormation does at once."""

import json
from collections.abc import Mapping
from typing import Any

from rehearsal.api import ApiError, Parameters
from rehearsal.cloudformation import parameters
from rehearsal.cloudformation.intrinsics import TemplateError
from rehearsal.cloudformation.stack import Stack
from rehearsal.cloudformation.updates import Proposal, Updates


def invalid(message: str) -> ApiError:
    """CloudFormation's error for nearly everything."""
    return ApiError("ValidationError", message)


def not_updatable(stack: Stack) -> ApiError:
    """The error of every call that would update a stack which is busy or broken."""
    return invalid(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")


def proposed(asked: Parameters, stack: Stack, updates: Updates) -> Proposal:
    """Of CreateChangeSet or UpdateStack. Raises ApiError.

    A parameter that the call does not name takes the template's default, whatever its value was before (API
    reference, Parameter: "If you don't specify a key and value for a particular parameter, CloudFormation
    uses the default value that's specified in your template").
    """
    template = _template(asked, stack)
    given = _given(asked, stack)
    proposal = Proposal(template, parameters.texts_of(template, given, {}))
    try:
        scope = updates.scope(stack, proposal, lambda one, _: one, lambda name: name)
        if broken := parameters.broken_rules(template, scope.holds):
            raise TemplateError(f"Template failed to satisfy rules: {'; '.join(broken)}")
    except TemplateError as error:
        raise invalid(str(error)) from error
    _types_allowed(asked, template)
    return proposal


def _template(asked: Parameters, stack: Stack) -> Mapping[str, Any]:
    if "TemplateURL" in asked:
        raise invalid("the rehearsal reads no templates from S3: give TemplateBody")
    if bool(asked.get("UsePreviousTemplate")) == ("TemplateBody" in asked):
        raise invalid("Either Template URL or Template Body must be specified.")
    if asked.get("UsePreviousTemplate"):
        return stack.template
    try:
        template = json.loads(asked["TemplateBody"])
        declared = template["Resources"]
    except (ValueError, KeyError, TypeError) as error:
        raise invalid(f"Template format error: JSON with Resources is wanted: {error}") from error
    if not isinstance(declared, Mapping) or not declared:
        raise invalid("Template format error: At least one Resources member must be defined.")
    return dict(template)


def _given(asked: Parameters, stack: Stack) -> dict[str, str]:
    given = {}
    for one in asked.get("Parameters", ()):
        key = one["ParameterKey"]
        if not one.get("UsePreviousValue"):
            given[key] = str(one.get("ParameterValue", ""))
        elif "ParameterValue" in one:
            raise invalid(f"Invalid input for parameter key {key}. Cannot specify both value and previous")
        elif key not in stack.parameters:
            raise invalid(
                f"Invalid input for parameter key {key}. Cannot specify usePreviousValue as true for a "
                "parameter key not in the previous template"
            )
        else:
            given[key] = stack.parameters[key]
    return given


def _types_allowed(asked: Parameters, template: Mapping[str, Any]) -> None:
    """API reference, CreateChangeSet: ResourceTypes; Capabilities, which stack resources of IAM demand."""
    kinds = {resource["Type"] for resource in template["Resources"].values()}
    allowed = asked.get("ResourceTypes")
    if allowed is not None and (others := sorted(kinds - set(allowed))):
        raise invalid(
            f"Resource type {', '.join(others)} is not allowed by parameter ResourceTypes {allowed}"
        )
    powerful = any(kind.startswith("AWS::IAM::") for kind in kinds)
    if powerful and not {"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"} & set(asked.get("Capabilities", ())):
        raise ApiError("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_NAMED_IAM]")
