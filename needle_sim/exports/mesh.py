"""Meshes of bones, nerves, needles and lesions as STL and VTP: patient LPS, mm.

References
----------
VTK file formats, https://docs.vtk.org/en/latest/design_documents/VTKFileFormats.html
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Bone, Structure
from needle_sim.errors import InputError, MissingExtraError
from needle_sim.geometry.mesh import Mesh, joined, tube_mesh
from needle_sim.geometry.shapes import Tube
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.thermal.history import HeatHistory

SAYS = "needle_sim SPACE=LPS UNIT=mm not for clinical use"
"""In the head of every mesh; 3D Slicer reads ``SPACE=LPS`` there."""

_MOST_NODES = 40_000_000
_MARGIN_STEPS = 3


def save_stl(mesh: Mesh, path: Path) -> Path:
    """Write a mesh as binary STL; the 80 bytes of its head say space and unit."""
    corners = mesh.points_mm[mesh.faces].astype("<f4")
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = np.linalg.norm(across, axis=1, keepdims=True)
    record = np.zeros(len(corners), dtype=[("n", "<f4", 3), ("p", "<f4", (3, 3)), ("a", "<u2")])
    record["n"] = across / np.where(length > 0, length, 1.0)
    record["p"] = corners
    head = SAYS.encode().ljust(80, b" ")
    path.write_bytes(head + np.uint32(len(corners)).tobytes() + record.tobytes())
    return path


def save_vtp(mesh: Mesh, path: Path) -> Path:
    """Write a mesh as VTK's XML polygons, with a field ``SpaceName`` that says LPS."""
    faces = mesh.faces
    ends = 3 * np.arange(1, len(faces) + 1, dtype="<i8")
    space = np.frombuffer(b"LPS\0", dtype="u1")
    text = (
        '<?xml version="1.0"?>\n'
        f"<!-- {SAYS} -->\n"
        '<VTKFile type="PolyData" version="1.0" byte_order="LittleEndian" header_type="UInt64">\n'
        '<PolyData><FieldData><Array type="String" Name="SpaceName" NumberOfTuples="1" '
        f'format="binary">{_packed(space)}</Array></FieldData>\n'
        f'<Piece NumberOfPoints="{len(mesh.points_mm)}" NumberOfPolys="{len(faces)}" '
        'NumberOfVerts="0" NumberOfLines="0" NumberOfStrips="0">\n'
        f"<Points>{_array('Points', 'Float32', mesh.points_mm.astype('<f4'), 3)}</Points>\n"
        f"<Polys>{_array('connectivity', 'Int64', faces.astype('<i8'), 1)}"
        f"{_array('offsets', 'Int64', ends, 1)}</Polys>\n"
        "</Piece></PolyData></VTKFile>\n"
    )
    path.write_text(text, encoding="ascii")
    return path


def _array(name: str, kind: str, values: NDArray[np.generic], parts: int) -> str:
    return (
        f'<DataArray type="{kind}" Name="{name}" NumberOfComponents="{parts}" '
        f'format="binary">{_packed(values)}</DataArray>'
    )


def _packed(values: NDArray[np.generic]) -> str:
    data = values.tobytes()
    return base64.b64encode(np.uint64(len(data)).tobytes() + data).decode()


def structure_mesh(structure: Structure) -> Mesh:
    """A nerve, vessel or sac as its tubes."""
    return joined([tube_mesh(tube) for tube in structure.tubes])


def needle_mesh(placed: PlacedNeedle) -> Mesh:
    """A needle from hub to tip as a round shaft."""
    radius = np.full(len(placed.shaft_mm), placed.needle.outer_mm / 2)
    return tube_mesh(Tube(placed.shaft_mm, radius))


def bone_mesh(bone: Bone, *, step_mm: float = 0.8) -> Mesh:
    """A bone's exact surface, sampled every ``step_mm``; corners lie on it to about 0.05 mm."""
    if not 0.1 <= step_mm <= 5:
        raise InputError(f"step_mm of a mesh must be 0.1 to 5, got {step_mm}")
    low, high = np.asarray(bone.box_mm)
    low = low - _MARGIN_STEPS * step_mm
    count = np.ceil((high - low) / step_mm).astype(int) + _MARGIN_STEPS + 1
    if np.prod(count, dtype=np.float64) > _MOST_NODES:
        raise InputError(f"a mesh of {count.tolist()} nodes is too fine: raise step_mm")
    x, y, z = (low[n] + step_mm * np.arange(count[n]) for n in range(3))
    field = np.empty(tuple(count), dtype=np.float32)
    for row, at in enumerate(x):
        plane = np.stack(np.meshgrid(at, y, z, indexing="ij"), axis=-1).reshape(-1, 3)
        field[row] = bone.distance_mm(plane).reshape(count[1], count[2])
    return _contour(field, 0.0, low, np.full(3, step_mm))


def lesion_mesh(history: HeatHistory, *, peak_c: float = 60.0, step_mm: float = 0.4) -> Mesh:
    """Where tissue reached a temperature, as a surface in the patient."""
    tip = history.electrodes[0].trajectory.tip_mm
    reach = np.arange(-20.0, 20.0 + step_mm, step_mm)
    grid = tip + np.stack(np.meshgrid(reach, reach, reach, indexing="ij"), axis=-1).reshape(-1, 3)
    peak = history.peak_c(grid).reshape([len(reach)] * 3).astype(np.float32)
    if not peak.max() > peak_c:
        raise InputError(f"nothing reached {peak_c:g} °C: the hottest is {peak.max():.1f} °C")
    return _contour(peak_c - peak, 0.0, tip + reach[0], np.full(3, step_mm))


def _contour(
    field: NDArray[np.float32], level: float, low: NDArray[np.float64], step: NDArray[np.float64]
) -> Mesh:
    check_can_contour()
    from skimage.measure import marching_cubes

    contour: Any = marching_cubes
    corners, faces, _, _ = contour(field, level, gradient_direction="descent")
    return Mesh(low + corners.astype(np.float64) * step, faces.astype(np.int32))


def check_can_contour() -> None:
    """Refuse before any work where the extra that makes surfaces is not there."""
    try:
        import skimage.measure  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(
            "meshes of bones and lesions need scikit-image: pip install 'needle-sim[mesh]'"
        ) from error
