"""Progress says nothing, or goes to stderr."""

from __future__ import annotations

from needle_sim.progress import bar, silent


def test_a_bar_writes_to_stderr_only(capsys):
    show = bar("reading")
    for done in range(4):
        show(done, 3)
    out, err = capsys.readouterr()
    assert out == ""
    assert "reading" in err


def test_silence(capsys):
    silent(1, 2)
    assert capsys.readouterr() == ("", "")
