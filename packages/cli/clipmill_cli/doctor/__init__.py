"""`clipmill doctor`: looks at everything that a fleet stands on; one module a check."""

from clipmill_cli.doctor.command import doctor

__all__ = ["doctor"]
