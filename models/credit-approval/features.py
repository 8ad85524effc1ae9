"""What the model is told about an application: used where it is trained and where it answers."""

import pandas as pd

LABEL = "approved"
PROTECTED = "age_group"
"""Kept beside the features, to measure fairness by; the model never sees it."""

THRESHOLD = 0.75
"""Probability from which credit is granted: a default costs several times what a refusal does."""

NUMERIC = ["income", "debt", "credit_score", "years_employed", "debt_to_income"]
CATEGORICAL = ["housing"]
REQUEST = [PROTECTED, "income", "debt", "credit_score", "years_employed", "housing"]
"""Columns of a request without a header line, in this order."""


def engineered(applications: pd.DataFrame) -> pd.DataFrame:
    """``applications`` with the ratio of debt to yearly income, the way a credit officer reads them."""
    income = pd.to_numeric(applications["income"], errors="coerce")
    return applications.assign(income=income, debt_to_income=applications["debt"] / income)
