"""The month's budget: an estimate is reserved before anything is started; an import reserves none."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bedrock_customization.errors import CustomizationBudgetSpent
from bedrock_customization.services import Services
from customization_spend import ATTEMPTS, SPENT, BudgetSpentError, Month, given_back, total
from s3_documents import ConflictError, S3Documents
from service_faults import ServiceFault


def reserve(event: Mapping[str, Any], services: Services) -> None:
    """Count the run's estimate; once, however often. Raises CustomizationBudgetSpent if there is no room."""
    literal, most = event["Bedrock"], event["Bedrock"]["MonthlyBudgetUsd"]
    entry = {"Usd": literal["SpendUsd"], "Technique": "bedrock", "Execution": event["Execution"]["Id"]}
    with _month(event, services) as month:
        try:
            month.reserve(event["Run"]["RunId"], entry, budget=most)
        except BudgetSpentError as spent:
            raise CustomizationBudgetSpent(
                f"a customization in Amazon Bedrock may cost {entry['Usd']} US dollars (spend_usd), but "
                f"{total(spent.runs)} of {most} (monthly_budget_usd) are taken; see {month.uri}"
            ) from spent


def settle(event: Mapping[str, Any], services: Services, *, started: bool) -> None:
    """Note how the run ended: the estimate of one that started no job counts no more."""
    ended = {"State": SPENT} if started else given_back()
    with _month(event, services) as month:
        month.settle(event["Run"]["RunId"], lambda _: ended)


@contextmanager
def _month(event: Mapping[str, Any], services: Services) -> Iterator[Month]:
    """The month in which the execution started. Raises ServiceFault while others write it each time."""
    uri = f"{event['Bedrock']['Spend']}/{event['Execution']['StartTime'][:7]}.json"
    try:
        yield Month(S3Documents(services.s3), uri)
    except ConflictError as busy:
        raise ServiceFault(f"{uri} was written by others {ATTEMPTS} times in a row") from busy
