"""`Survey`: what the files of a folder or zip are, before any pixel is read."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from needle_sim.errors import DicomError, InputError, NeedleSimError
from needle_sim.volume.header import CT_CLASSES, Header, read_header, tag_name
from needle_sim.volume.members import Member
from needle_sim.volume.series import Series, group, mixed
from needle_sim.volume.volume import Note

WORKERS = 2
_DIRECTORY = "1.2.840.10008.1.3.10"
_GIVE = "give a folder, a zip or files of a CT series"


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """What the headers of all files say.

    ``series`` are CT; ``others`` are DICOM but no CT slices; ``strangers`` are not DICOM.
    """

    place: str
    files: int
    series: tuple[Series, ...]
    others: tuple[Header, ...]
    strangers: tuple[str, ...]
    damaged: tuple[DicomError, ...]

    def chosen(self, wanted: str | None) -> Series:
        """The one series there is, or the one that is ``wanted``; errors list what there is."""
        if self.damaged:
            raise self.damaged[0]
        if not self.series:
            raise self.nothing()
        found = self.series
        if wanted is not None:
            exact = tuple(one for one in self.series if wanted == one.key)
            found = exact or tuple(
                one for one in self.series if wanted and one.uid.endswith(wanted)
            )
        listed = "; ".join(str(one) for one in self.series)
        if not found:
            raise InputError(f"no CT series in {self.place} is called {wanted!r}. Known: {listed}")
        if len(found) == 1:
            return found[0]
        if len({one.name for one in found}) == 1:
            raise mixed(found)
        raise DicomError(
            f"{self.place} holds {len(found)} CT series; choose one with series=: {listed}"
        )

    def nothing(self) -> NeedleSimError:
        """The error for a place without CT slices."""
        if self.damaged:
            return self.damaged[0]
        if self.others:
            first = self.others[0]
            kinds = ", ".join(sorted({kind(one) for one in self.others}))
            tag = _telling(first)
            return DicomError(
                f"{first.name}: {tag_name(tag)} is {first.text(tag) or 'absent'}: {self.place} "
                f"holds no CT slices, only {kinds}; give a CT series"
            )
        if not self.files:
            return InputError(f"{self.place} is empty; {_GIVE}")
        told = f" (first: {self.strangers[0]})" if self.strangers else ""
        return InputError(
            f"{self.place} holds no DICOM pictures among {self.files} files{told}; {_GIVE}"
        )

    def left_out(self) -> tuple[Note, ...]:
        """A note for each kind of file that was set aside."""
        notes = []
        for name in sorted({kind(one) for one in self.others}):
            alike = [one for one in self.others if kind(one) == name]
            tag = _telling(alike[0])
            text = f"{len(alike)} files left out: {name}, no CT slices"
            notes.append(alike[0].note(tag, alike[0].text(tag), text))
        if self.strangers:
            text = f"{len(self.strangers)} files left out: not DICOM"
            notes.append(Note(self.strangers[0], "", "", text))
        return tuple(notes)


def survey(files: Sequence[Member], place: str) -> Survey:
    """Read all headers and sort the files by what they are."""
    slices: list[Header] = []
    others: list[Header] = []
    strangers: list[str] = []
    damaged: list[DicomError] = []
    with ThreadPoolExecutor(WORKERS) as pool:
        headers = list(pool.map(_header_or_error, files))
    for file, header in zip(files, headers, strict=True):
        if header is None:
            strangers.append(file.name)
        elif isinstance(header, DicomError):
            damaged.append(header)
        elif kind(header) == "CT":
            slices.append(header)
        elif header.text("SOPClassUID") != _DIRECTORY:
            others.append(header)
    return Survey(place, len(files), group(slices), tuple(others), tuple(strangers), tuple(damaged))


def kind(header: Header) -> str:
    """``"CT"`` for a slice that may belong to a volume, else what it is."""
    known = header.text("SOPClassUID") in CT_CLASSES
    modality = header.text("Modality") or ("CT" if known else "no modality")
    if modality != "CT":
        return modality
    if not (known or header.text("SOPClassUID") == "") or header.word("SamplesPerPixel") == 3:
        return "CT capture"
    return "CT localizer" if "LOCALIZER" in header.text("ImageType").upper() else "CT"


def _telling(header: Header) -> str:
    """The tag that says why this is no CT slice."""
    tags = {"CT localizer": "ImageType", "CT capture": "SOPClassUID"}
    return tags.get(kind(header), "Modality")


def _header_or_error(file: Member) -> Header | DicomError | None:
    try:
        return read_header(file)
    except DicomError as error:
        return error
