"""Pictures for learning, read back: places, masks, bytes, what is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from needle_sim.errors import InputError
from needle_sim.exports.coco import mask_of
from needle_sim.imaging.xray.detector import Detector
from needle_sim.views.dataset import tip_px, write_dataset

COUNT = 2


@pytest.fixture(scope="module")
def small(phantom):
    """The phantom's L4 and L5 alone, so that little is drawn."""
    return replace(
        phantom,
        bodies={name: phantom.bodies[name] for name in ("L4", "L5")},
        bones={name: phantom.bones[name] for name in ("L4", "L5", "S1")},
        structures={name: phantom.structures[name] for name in ("dura", "L4 right medial branch")},
        inset=None,
    )


@pytest.fixture(scope="module")
def written(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("set")
    write_dataset(small, folder, count=COUNT, seed=11, device="mobile_flat_panel")
    return folder, json.loads((folder / "coco.json").read_text())


def test_the_tip_that_is_read_back_is_the_projected_tip(written):
    _, told = written
    seen = 0
    for image in told["images"]:
        found = [one for one in told["annotations"] if one["image_id"] == image["id"]]
        for one in (one for one in found if one["name"] == "needle 1"):
            at = np.array(image["camera"]["projection"]) @ [*one["polyline_mm"][-1], 1.0]
            assert tip_px(told, image["id"]) == pytest.approx(at[:2] / at[2], abs=0.05)
            x, y, v = one["keypoints"][3:]
            assert v in (0, 1, 2)
            if v:
                assert [x, y] == pytest.approx(at[:2] / at[2], abs=0.05)
                seen += 1
                assert mask_of(one["segmentation"])[round(y), round(x)]
    assert seen


def test_boxes_areas_and_keypoints_agree_with_the_masks(written):
    _, told = written
    names = {one["id"]: one for one in told["categories"]}
    assert [one["id"] for one in told["annotations"]] == list(
        range(1, len(told["annotations"]) + 1)
    )
    for one in told["annotations"]:
        mask = mask_of(one["segmentation"])
        rows, columns = np.nonzero(mask)
        assert one["area"] == len(rows) > 0
        x, y, wide, high = one["bbox"]
        assert (x, y) == (columns.min(), rows.min())
        assert (x + wide, y + high) == (columns.max() + 1, rows.max() + 1)
        points = names[one["category_id"]].get("keypoints")
        if points is not None:
            assert len(one["keypoints"]) == 3 * len(points)
            flags = one["keypoints"][2::3]
            assert set(flags) <= {0, 1, 2}
            assert one["num_keypoints"] == sum(flag > 0 for flag in flags)


def test_pictures_have_eight_and_sixteen_bits(written):
    folder, told = written
    for image in told["images"]:
        with Image.open(folder / image["file_name"]) as screen:
            assert screen.mode == "L"
            assert screen.size == (image["width"], image["height"])
        with Image.open(folder / image["file_name_16"]) as opened:
            deep = np.asarray(opened)
        assert deep.dtype == np.uint16
        assert deep.max() == 65535
        assert image["kev_per_grey_16"] > 0


@pytest.mark.long
def test_the_same_seed_gives_the_same_bytes_and_a_longer_set_begins_alike(small, written, tmp_path):
    folder, _ = written
    write_dataset(small, tmp_path, count=1, seed=11, device="mobile_flat_panel")
    for name in ("images/000001.png", "images_16/000001.png"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_what_is_there_is_not_written_over_and_bad_words_are_refused(small, written, tmp_path):
    folder, _ = written
    with pytest.raises(InputError, match="is there already"):
        write_dataset(small, folder, count=1, seed=0)
    with pytest.raises(InputError, match="count must be 1 to 100000, got 0"):
        write_dataset(small, tmp_path, count=0, seed=0)
    with pytest.raises(InputError, match="not understood"):
        write_dataset(small, tmp_path, count=1, seed=0, poses=["sideways"])
    assert not any(tmp_path.iterdir())


def test_pictures_have_the_brightness_that_the_device_asks_for(written):
    """The median of the middle quarter, in the 16 bits: within a tenth, as the device measures
    without the needle and not where the end of the volume cuts rays."""
    folder, told = written
    wanted = Detector.preset("mobile_flat_panel").target_kev_mm2
    assert any(image["technique_reached"] > 0.99 for image in told["images"])
    for image in told["images"]:
        assert image["technique_limit"] in ("none", "curve", "kerma")
        with Image.open(folder / image["file_name_16"]) as opened:
            deep = np.asarray(opened) * image["kev_per_grey_16"]
        rows, columns = deep.shape
        middle = deep[rows // 4 : -rows // 4, columns // 4 : -columns // 4]
        signal = np.median(middle) / image["camera"]["pixel_mm"] ** 2
        assert signal == pytest.approx(wanted * image["technique_reached"], rel=0.1)
