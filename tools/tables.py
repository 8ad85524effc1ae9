"""Aligned plain-text tables for terminals and pipes."""

from collections.abc import Collection, Sequence


def render(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[int] = ()) -> str:
    """Return ``rows`` below ``header``, columns aligned; the columns numbered in ``right`` are flush right.

    Raises ValueError for a row that has not as many cells as the header.
    """
    lines = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * width for width in widths])

    def aligned(cells: Sequence[str]) -> str:
        padded = (
            cell.rjust(width) if number in right else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "  ".join(padded).rstrip()

    return "\n".join(map(aligned, lines))
