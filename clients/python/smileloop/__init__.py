"""Portraits that smile and speak: the client of a SmileLoop server."""

from .client import Smileloop
from .errors import SmileloopError
from .files import File, Input, InputRef
from .ids import new_id
from .recipients import Recipient, Recipients
from .result import Progress, Result

__all__ = ["File", "Input", "InputRef", "Progress", "Recipient", "Recipients", "Result", "Smileloop", "SmileloopError", "new_id"]
