"""How a source may be cut: what a person or a profile chooses between pictures kept as they are and few parts."""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    """The value of `cut`."""

    AUTO = "auto"
    """Lossless, unless that costs more than a quarter more parts: then as few as can be."""
    LOSSLESS = "lossless"
    """At clean keyframes wherever there are any, however many parts that makes."""
    FEWEST = "fewest"
    """As few parts as there can be, at clean keyframes as far as that leaves a choice."""
    EXACT = "exact"
    """Each part as long as the limit allows; what lies around a cut is encoded anew."""
