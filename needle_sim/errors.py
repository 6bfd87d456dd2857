"""The error tree. A message gives the value, the limit and the way out."""

from collections.abc import Mapping


class NeedleSimError(Exception):
    """Whatever needle_sim raises on purpose; the command line shows it as one line."""


class InputError(NeedleSimError, ValueError):
    """An argument, a file or a preset cannot be used as it is."""


class FrameError(InputError):
    """Two coordinate frames were chained that do not meet."""


class PresetError(InputError):
    """A preset file, or a name looked up in one, is wrong."""


class DicomError(NeedleSimError):
    """A DICOM file or series cannot be turned into a right volume."""


class PlanningError(NeedleSimError):
    """No safe path exists for the request; names what blocks.

    ``tried`` candidates were looked at, ``rejected`` counts them by what they would hit.
    """

    def __init__(
        self, message: str, *, tried: int = 0, rejected: Mapping[str, int] | None = None
    ) -> None:
        super().__init__(message)
        self.tried = tried
        self.rejected = dict(rejected or {})


class SolverError(NeedleSimError):
    """A numerical engine would have returned a wrong field, and stopped."""


class MissingExtraError(NeedleSimError, ImportError):
    """An optional dependency is not installed; names the extra to install."""
