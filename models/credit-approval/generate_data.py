"""Writes data/: invented applications for consumer credit. Nobody's data; the same at every run.

    python models/credit-approval/generate_data.py

Whether an applicant repays depends on income, debt, the score of a credit bureau and years in work, with
chance on top. The age group has no influence of its own, so a model needs none to be good, and to be fair.
Some incomes are missing and some rows stand there twice, as in real life: prepare.py mends both.
"""

import csv
import math
import random
from pathlib import Path

SEED = 20240501
ROWS = {"train": 1600, "test": 600, "batch": 40}
HEADER = ("approved", "age_group", "income", "debt", "credit_score", "years_employed", "housing")
AGE_GROUPS = ("under_30", "30_to_50", "over_50")
HOUSING = ("rent", "own", "mortgage")


def application(chance: random.Random) -> list[object]:
    """One application: whether it was repaid (1) or not (0), then what the applicant said."""
    income = round(chance.lognormvariate(10.4, 0.45))  # euros a year
    debt = round(income * chance.betavariate(1.6, 4.0))
    score = round(min(850, max(300, chance.gauss(640, 85))))
    years = round(chance.expovariate(1 / 6), 1)
    housing = chance.choice(HOUSING)
    logit = (
        0.016 * (score - 640)
        - 4.2 * (debt / income - 0.28)
        + 0.9 * math.log(income / 33_000)
        + 0.09 * (years - 6)
        + (0.35 if housing == "own" else 0.0)
        + 0.8
    )
    repaid = int(chance.random() < 1 / (1 + math.exp(-logit)))
    known = income if chance.random() > 0.03 else ""
    return [repaid, chance.choice(AGE_GROUPS), known, debt, score, years, housing]


def main() -> None:
    """Write one CSV file for each of ``ROWS``; applications yet to be decided have no first column."""
    chance = random.Random(SEED)
    for name, count in ROWS.items():
        rows = [application(chance) for _ in range(count)]
        if name == "train":
            rows += rows[:20]
        folder = Path(__file__).with_name("data") / name
        folder.mkdir(parents=True, exist_ok=True)
        first = 1 if name == "batch" else 0
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerows([] if name == "batch" else [HEADER])
            writer.writerows(row[first:] for row in rows)


if __name__ == "__main__":
    main()
