"""Processing job: raw applications in, one clean file of features per channel out."""

import argparse
from pathlib import Path

import pandas as pd
from features import engineered


def read(folder: Path) -> pd.DataFrame:
    """Every CSV file of a channel, in the order of the files' names."""
    return pd.concat([pd.read_csv(path) for path in sorted(folder.rglob("*.csv"))], ignore_index=True)


def main() -> None:
    """Drop applications that stand there twice, add the features, write each channel."""
    parser = argparse.ArgumentParser()
    for channel in ("train", "test"):
        parser.add_argument(f"--{channel}", type=Path, required=True)
        parser.add_argument(f"--output-{channel}", type=Path, required=True)
    arguments = vars(parser.parse_args())
    for channel in ("train", "test"):
        raw = read(arguments[channel])
        clean = engineered(raw.drop_duplicates(ignore_index=True))
        folder = arguments[f"output_{channel}"]
        folder.mkdir(parents=True, exist_ok=True)
        clean.to_csv(folder / f"{channel}.csv", index=False)
        print(f"{channel}: {len(raw)} applications, {len(raw) - len(clean)} of them twice")


if __name__ == "__main__":
    main()
