"""Sequential objects: what a history is compared with.

specification   Specification: the contract; ILLEGAL, Step, Compiled
register        Register: read, write; CasRegister: compare-and-set too
text            Text: porcupine's key-value store, read, write, append
append_list     AppendList: read, append
counter         Counter: read, add
by_name         SPECIFICATIONS, specification_named, specification_for: by name, or by what a history asks
"""

from .append_list import AppendList
from .by_name import SPECIFICATIONS, specification_for, specification_named
from .counter import Counter
from .register import CasRegister, Register
from .specification import ILLEGAL, Compiled, Specification, Step
from .text import Text

__all__ = [
    "ILLEGAL",
    "SPECIFICATIONS",
    "AppendList",
    "CasRegister",
    "Compiled",
    "Counter",
    "Register",
    "Specification",
    "Step",
    "Text",
    "specification_for",
    "specification_named",
]
