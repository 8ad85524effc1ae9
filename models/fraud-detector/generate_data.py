"""Writes data/: invented card payments. Nobody's data; the same at every run.

    python models/fraud-detector/generate_data.py

As SageMaker's built-in XGBoost wants them: CSV without a header line, the label (1: fraud) first, then
amount, hour of the day, distance from home in km, payments in the last hour, days since the card was issued,
and whether the card was present, the country is the holder's and the merchant is new to them (0 or 1).
"""

import csv
import math
import random
from pathlib import Path

SEED = 20240502
ROWS = {"train": 3000, "validation": 1000, "test": 1000}
FRAUD_RATE = 0.06


def payment(chance: random.Random) -> list[object]:
    """One payment: fraud differs from the rest in every feature, in none of them for sure."""
    fraud = chance.random() < FRAUD_RATE
    hour = (
        round(chance.gauss(2.5, 2.5)) % 24
        if fraud and chance.random() < 0.6
        else round(chance.gauss(15, 4)) % 24
    )
    return [
        int(fraud),
        round(chance.lognormvariate(4.6 if fraud else 3.4, 1.0), 2),
        hour,
        round(chance.expovariate(1 / (320 if fraud else 45)), 1),
        min(20, math.floor(chance.expovariate(1 / (2.4 if fraud else 0.7)))),
        round(chance.expovariate(1 / (400 if fraud else 900))),
        int(chance.random() < (0.35 if fraud else 0.8)),
        int(chance.random() < (0.5 if fraud else 0.93)),
        int(chance.random() < (0.7 if fraud else 0.3)),
    ]


def main() -> None:
    """Write one CSV file for each of ``ROWS``."""
    chance = random.Random(SEED)
    for name, count in ROWS.items():
        folder = Path(__file__).with_name("data") / name
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(payment(chance) for _ in range(count))


if __name__ == "__main__":
    main()
