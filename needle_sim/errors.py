"""The error tree. A message gives the value, the limit and the way out."""


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
    """No safe path exists for the request; names what blocks."""


class SolverError(NeedleSimError):
    """A numerical engine would have returned a wrong field, and stopped."""


class MissingExtraError(NeedleSimError, ImportError):
    """An optional dependency is not installed; names the extra to install."""
