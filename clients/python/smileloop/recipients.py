"""A list of recipients that is a list of names or rows, as the CSV (RFC 4180) that servers read."""

import csv
import io
from typing import Any, Dict, List, Mapping, Sequence, Union, cast

from .errors import SmileloopError
from .files import Input

# a name, or what is said of a recipient by column
Recipient = Union[str, Mapping[str, Any]]
Recipients = Sequence[Recipient]


def as_file(recipients: Union[Input, Recipients], name_column: str) -> Input:
    """Files stay as they are. Raises `invalid_request` for a row with nothing in it, which a server would pass over."""
    if not isinstance(recipients, (list, tuple)):
        return cast(Input, recipients)
    rows: List[Mapping[str, Any]] = [{name_column: row} if isinstance(row, str) else row for row in recipients]
    columns: Dict[str, None] = {column: None for row in rows for column in row} or {name_column: None}
    text = io.StringIO()
    # quoted throughout: what separates cells is guessed from the first row
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(columns)
    for nth, row in enumerate(rows):
        cells = ["" if row.get(column) is None else str(row[column]) for column in columns]
        if not any(cell.strip() for cell in cells):
            raise SmileloopError("invalid_request", f"recipients[{nth}] is empty: give it a {name_column}.")
        writer.writerow(cells)
    return text.getvalue().encode()
