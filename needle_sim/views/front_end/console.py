"""`Console`: one rehearsal behind a page: a message in, a reply out; knows no browser."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from needle_sim.errors import InputError, NeedleSimError
from needle_sim.imaging.xray.exposure import Radiograph
from needle_sim.rehearsal.act import Act
from needle_sim.rehearsal.acting_syringe import electrode
from needle_sim.rehearsal.fluoroscope import rules
from needle_sim.views.front_end.bench import setup_of
from needle_sim.views.front_end.coach import Coach
from needle_sim.views.front_end.journal import Journal
from needle_sim.views.front_end.monitor import Monitor, on_screen
from needle_sim.views.front_end.panel import Trace, panel_of
from needle_sim.views.front_end.reply import Picture, Reply
from needle_sim.views.front_end.said import said_of
from needle_sim.views.front_end.scanner import Scanner
from needle_sim.views.front_end.spoken import COACHED, SPOKEN, number
from needle_sim.views.front_end.verdict import verdict
from needle_sim.views.report import report_html

if TYPE_CHECKING:
    from needle_sim.rehearsal.rehearsal import Rehearsal

COARSE = 2
"""Every second pixel while the C-arm turns under live."""

_MOST_PAUSE_S = 1800.0  # the page's clock between two acts
_OF_MESSAGE = frozenset({"n", "do", "ask", "dt_s", "moving"})

Given = Mapping[str, Any]
_log = logging.getLogger(__name__)


class Console:
    """Turns messages of a page into acts of a rehearsal, and what comes of them into replies.

    Parameters
    ----------
    rehearsal : Rehearsal
    coach : bool
        Lay target, planned path, danger depth and next step over the pictures; an exam has none.
    journal : Journal, optional
        Takes every act as it is done.

    Attributes
    ----------
    listener : callable or None
        Called with a `Reply` nobody asked for, from the thread that heats.
    """

    def __init__(
        self, rehearsal: Rehearsal, *, coach: bool = True, journal: Journal | None = None
    ) -> None:
        self.rehearsal = rehearsal
        self.coach = Coach(rehearsal) if coach else None
        self.monitor, self.scanner = Monitor(), Scanner(rehearsal)
        self.listener: Callable[[Reply], None] | None = None
        self._journal, self._trace = journal, Trace()
        self._heating: threading.Thread | None = None
        self._busy = False
        self._heat_rows: list[dict[str, float]] = []
        self._rate = 0.0
        self._last: dict[str, Any] = {}
        self._report: str | None = None

    def warm(self) -> None:
        """Do beforehand what takes seconds the first time: plan, materials, the first picture."""
        if self.coach is not None:
            self.coach.next_step()
            self.coach.depths()
        made = self.rehearsal.scope.picture(None, None, None)
        if made is not None:
            Monitor().draw(made)

    def handle(self, message: Any) -> Reply:
        """The reply to one message: an act (``do``) or a look (``ask``); never raises ours."""
        number_of = message.get("n") if isinstance(message, Mapping) else None
        head: dict[str, Any] = {"n": number_of if isinstance(number_of, int) else None}
        try:
            if not isinstance(message, Mapping):
                raise InputError("a message must be an object with do or ask")
            content, pictures = self._answer(message)
        except NeedleSimError as error:
            return Reply({**head, "error": " ".join(str(error).split()), "state": self.state()})
        return Reply({**head, "error": None, "state": self.state(), **content}, tuple(pictures))

    def _answer(self, message: Given) -> tuple[dict[str, Any], list[Picture]]:
        given = {key: value for key, value in message.items() if key not in _OF_MESSAGE}
        if "ask" in message:
            return self._look(str(message["ask"]), given, moving=message.get("moving") is True)
        if self.heating:
            raise InputError("busy: the generator is heating; wait until it is done")
        do = message.get("do")
        if not isinstance(do, str):
            raise InputError("a message needs do (an act) or ask (a look)")
        pause_s = min(max(number(message, "dt_s", default=0.0), 0.0), _MOST_PAUSE_S)
        return self._act(do, given, pause_s, moving=message.get("moving") is True)

    @property
    def heating(self) -> bool:
        """Whether the generator runs."""
        return self._busy

    def state(self) -> dict[str, Any]:
        """What the page always shows; as it was before while the generator runs."""
        if not self.heating:
            self._last = panel_of(self.rehearsal, self._rate, exam=self.coach is None)
            if self.coach is not None:
                self._last["coach"] = {**self.coach.depths(), "next": self.coach.next_step()}
        return {**self._last, "heating": self.heating}

    def _act(
        self, do: str, given: Given, pause_s: float, *, moving: bool
    ) -> tuple[dict[str, Any], list[Picture]]:
        it = self.rehearsal
        act, values = self._meant(do, given)
        at_s = it.t_s + pause_s
        meant = Act(act, round(at_s, 3), "page", values)
        if act == "heat":
            return self._heat(meant)
        it.act(meant)
        content: dict[str, Any] = {"did": act, "announce": self._said()}
        if act in ("insert", "advance", "needle_pose"):
            content["felt"] = self._trace.add(it, layers=self.coach is not None)
        if it.over:
            content["verdict"] = verdict(it.run)
        pictures = self._pictures(act, moving=moving)
        self._write()
        return content, pictures

    def _meant(self, do: str, given: Given) -> tuple[str, dict[str, Any]]:
        """The act that a message stands for."""
        it = self.rehearsal
        if do == "mark_at":
            place = number(given, "x"), number(given, "y")
            point = it.scope.skin_under(*self.monitor.rowcol_under(*place, it.scope.carm))
            return "mark", {"point_mm": [round(float(value), 4) for value in point]}
        if do == "probe_by":
            return self.scanner.act(given)
        if do not in SPOKEN:
            return do, dict(given)
        view = given.get("view")
        if self.coach is None and (do in COACHED or view in it.scope.ways):
            raise InputError("in an exam nobody sets the view for you: turn the C-arm by degrees")
        if self.coach is not None and do == "go" and (along := self.coach.along(str(view))):
            orbital, tilt = along
            return "carm", {"orbital_deg": round(orbital, 2), "tilt_deg": round(tilt, 2)}
        return SPOKEN[do](it, given)

    def _pictures(self, act: str, *, moving: bool) -> list[Picture]:
        it = self.rehearsal
        if act == "contrast" and it.contrast_run is not None:
            frames = self.monitor.run(it.contrast_run, **self._over(it.contrast_run.frames[-1]))
            return list(frames)
        if it.live_since_s is not None:
            return self._live(coarse=COARSE if moving else 1)
        if act in ("shot", "live") and it.picture is not None:
            return [self.monitor.draw(it.picture, live=False, **self._over(it.picture))]
        return []

    def _live(self, *, coarse: int) -> list[Picture]:
        made = self.rehearsal.live_picture(coarse=coarse)
        if made is None:
            return []
        limits = rules()
        pulse = limits["pulse_share"] / limits["shown_share"]  # of the charge of what is shown
        self._rate = made.kap_ugy_m2 * pulse * limits["pulses_s"]
        return [self.monitor.draw(made, live=True, coarse=coarse, **self._over(made))]

    def _over(self, made: Radiograph) -> dict[str, Any]:
        """What lies over a picture: the mark on the skin and, with a coach, the plan."""
        found: dict[str, Any] = {}
        mark = self.rehearsal.mark_mm
        if mark is not None:
            found["mark"] = on_screen(made, mark).tolist()
        if self.coach is not None:
            found["coach"] = self.coach.overlay(made)
        return found

    def _look(
        self, what: str, given: Given, *, moving: bool
    ) -> tuple[dict[str, Any], list[Picture]]:
        if what == "hello":
            return self._hello()
        if self.heating:
            raise InputError("busy: the generator is heating; wait until it is done")
        it = self.rehearsal
        if what == "frame":
            live = it.live_since_s is not None
            return {}, self._live(coarse=COARSE if moving else 1) if live else self._held()
        if what == "sonogram":
            self.scanner.set(given)
            if not self.scanner.ready:
                return {"waiting": "the ultrasound machine starts up"}, []
            return {}, [self.scanner.picture()]
        if what == "log":
            return {"log": it.log.text()}, []
        if what == "report":
            return {"report": self.report()}, []
        raise InputError(f"nobody can ask for {what[:40]!r}")

    def _hello(self) -> tuple[dict[str, Any], list[Picture]]:
        """All that a page needs to begin, or to go on after its connection was lost."""
        content: dict[str, Any] = {
            "setup": setup_of(self),
            "felt_so_far": self._trace.stretches,
            "heat": list(self._heat_rows),
        }
        if self.heating:
            return content, []
        if self.rehearsal.over:
            content["verdict"] = verdict(self.rehearsal.run)
        return content, self._held()

    def _held(self) -> list[Picture]:
        """The last picture again."""
        made = self.monitor.shown
        return [] if made is None else [self.monitor.draw(made, live=False, **self._over(made))]

    def _heat(self, act: Act) -> tuple[dict[str, Any], list[Picture]]:
        """Heat in a thread of its own, unless it is refused; `listener` hears steps and end."""
        if self.rehearsal.over:
            self.rehearsal.act(act)  # refuses, in its own words
        electrode(self.rehearsal)
        self.state()
        self._heat_rows, self._busy = [], True
        self._heating = threading.Thread(target=self._heat_now, args=(act,), daemon=True)
        self._heating.start()
        return {"did": "heat", "announce": "the generator heats"}, []

    def _heat_now(self, act: Act) -> None:
        it = self.rehearsal
        it.watch = self._watched
        content: dict[str, Any] = {"push": "heated", "error": None}
        try:
            it.act(act)
            self._write()
        except NeedleSimError as error:
            content["error"] = " ".join(str(error).split())
        except Exception as error:
            _log.exception("the generator stopped")
            content["error"] = f"the generator stopped by a fault of ours: {type(error).__name__}"
        finally:
            it.watch = None
            self._busy = False
        content["announce"] = content["error"] or self._said()
        self._tell(Reply({**content, "state": self.state()}))

    def _watched(self, row: Mapping[str, float]) -> None:
        self._heat_rows.append({name: round(float(value), 4) for name, value in row.items()})
        self._tell(Reply({"push": "heat", "row": self._heat_rows[-1]}))

    def _tell(self, reply: Reply) -> None:
        if self.listener is not None:
            self.listener(reply)

    def wait(self) -> None:
        """Until the generator is done."""
        thread = self._heating
        if thread is not None:
            thread.join()

    def _said(self) -> str:
        return said_of(self.rehearsal, exam=self.coach is None)

    def _write(self) -> None:
        if self._journal is not None:
            self._journal.write()

    def report(self) -> str:
        """The report of the finished rehearsal as one HTML file."""
        from needle_sim.views.pictures import pictures

        if self._report is None:
            run = self.rehearsal.run
            self._report = report_html(run, pictures(run))
        return self._report
