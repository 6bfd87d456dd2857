"""What was not read in a source is said, from every file that a score rests on."""

from __future__ import annotations

from dataclasses import replace

from needle_sim import presets
from needle_sim.procedures.procedure import Procedure
from needle_sim.rehearsal.unverified import unverified
from tests.planning.blocks import block

RFA = Procedure.preset("medial-branch-rfa")


def test_every_file_that_holds_such_a_number_is_named():
    found = " ".join(unverified(RFA, "rf_18g_10mm", replace(block(), name="lumbar_normal")))
    for file in ("medial-branch-rfa", "needles", "protocols", "beams", "tissues", "lumbar_normal"):
        assert f"{file}.toml" in found
    assert "Arrhenius" in found


def test_counts_are_those_of_the_file():
    text = (presets.folder("presets") / "tissues.toml").read_text(encoding="utf-8")
    (line,) = [
        one for one in unverified(RFA, "rf_18g_10mm", block()) if one.startswith("tissues.toml")
    ]
    memory, proposed = text.count('mark = "memory"'), text.count('mark = "proposed"')
    assert f"{memory} from memory" in line
    assert f"{proposed} from proposed" in line


def test_a_bare_ct_rests_on_no_phantom():
    assert not any("lumbar_normal" in one for one in unverified(RFA, "rf_18g_10mm", block()))


def test_a_phantom_on_a_base_rests_on_both_files():
    found = unverified(RFA, "rf_18g_10mm", replace(block(), name="fusion_l4_s1"))
    for file in ("fusion_l4_s1.toml", "lumbar_normal.toml"):
        assert any(line.startswith(file) for line in found)
