"""What makes a decision about releases the same every time: it is made of what it was given."""

import ast
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "lambda" / "release"
OUTSIDE = {"boto3", "botocore", "os", "time", "random"}


def reached(name: str) -> set[str]:
    """How a module of ``release`` reaches outside: other modules that it imports, and the clock."""
    text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    nodes = list(ast.walk(ast.parse(text)))
    names = [one.name for node in nodes if isinstance(node, ast.Import) for one in node.names]
    names += [str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)]
    clock = {"now("} if "now(" in text else set()
    return OUTSIDE & {each.partition(".")[0] for each in names} | clock
