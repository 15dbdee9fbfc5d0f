"""`wanx-mcp doctor --probe`: orders that cannot be carried out by anybody, and what happens if they are taken."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ConfigDict
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, Response

from tests.test_doctor import KEY, Home, Report, provider
from wanx_mcp.catalog import CATALOG, Catalog, TaskType, parse_order
from wanx_mcp.catalog.inputs import Input
from wanx_mcp.catalog.pictures import PICTURES
from wanx_mcp.catalog.prices import Unpublished
from wanx_mcp.catalog.wire import MODEL, RIVALS, from_wire
from wanx_mcp.cli.doctor.probe_questions import PROBE, certainly_refused, questions
from wanx_mcp.errors import WanxError
from wanx_mcp.simulator.app import Simulator
from wanx_mcp.simulator.weather import Fault

QUESTIONS = list(questions(CATALOG))
PICTURED = [row for row in CATALOG.rows if PICTURES & set(row.needed)]


class Anything(Input):
    """What a provider that checks nothing takes."""

    model_config = ConfigDict(extra="allow", strict=False)
    prompt: Any = None  # type: ignore[assignment]
    negative_prompt: Any = None
    aspect_ratio: Any = None
    image: Any = None
    start_image: Any = None
    end_image: Any = None
    lora_type: Any = None
    lora_strength: Any = None
    motion_type: Any = None
    motion_speed: Any = None


def credulous(*names: str) -> Catalog:
    """A provider's catalog in which those task types take whatever comes, and cost what they cost."""
    rows = [replace(row, input=Anything) if row.name in names else row for row in CATALOG.rows]
    rows += [TaskType(PROBE, Anything, Unpublished(), rows[0].output, 390, "")] if PROBE in names else []
    return Catalog(tuple(rows))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def probed(home: Home, simulator: Simulator) -> Report:
    with provider(simulator) as url:
        home.url = url
        return home.report("--probe")


def entries(home: Home) -> list[tuple[Any, ...]]:
    db = sqlite3.connect(home.path / "state" / "ledger.sqlite3")
    try:
        return db.execute("select state, task_type, task_id, status, booked from entry order by number").fetchall()
    finally:
        db.close()


def lessons(report: Report) -> list[str]:
    return [probe["lesson"] for probe in report.document["probes"]]


# No probe can be carried out.


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.topic)
def test_no_probe_could_become_a_video(question: Any) -> None:
    payload = json.loads(json.dumps(question.payload))
    assert certainly_refused(CATALOG, payload)
    assert payload["task_type"] == PROBE or payload["task_type"] in {row.name for row in PICTURED}
    words = [word for word in json.dumps(payload["input"]).split('"')[1::2] if word not in _keys(payload["input"])]
    assert set(words) <= {PROBE}, "no text but the probe's own: nothing to be taken for a picture, a link or a prompt"
    with pytest.raises(WanxError):
        parse_order(CATALOG, {"task_type": payload["task_type"], **from_wire(payload["input"])}, adult=True)


def _keys(value: Any) -> set[str]:
    if isinstance(value, list):
        return set().union(*map(_keys, value)) if value else set()
    return set(value).union(*map(_keys, value.values())) if isinstance(value, dict) else set()


@pytest.mark.parametrize("row", CATALOG.rows, ids=lambda row: row.name)
@pytest.mark.parametrize(
    "given",
    [
        {"image": "https://example.com/a.png"},
        {"first_frame": "data:image/png;base64,AAAA"},
        {"prompt": "a boat"},
        {"deep": [{"er": {"image": "iVBORw0KGgo"}}]},
    ],
)
def test_the_guard_lets_nothing_through_that_somebody_could_use(row: TaskType, given: dict[str, Any]) -> None:
    assert not certainly_refused(CATALOG, {"model": MODEL, "task_type": row.name, "input": given})


@pytest.mark.parametrize("row", [row for row in CATALOG.rows if row not in PICTURED], ids=lambda row: row.name)
def test_a_task_type_that_needs_no_picture_is_never_probed(row: TaskType) -> None:
    assert not certainly_refused(CATALOG, {"model": MODEL, "task_type": row.name, "input": {}})


def test_every_disputed_name_is_asked_for() -> None:
    asked = json.dumps([question.payload["input"] for question in QUESTIONS])
    for rival in RIVALS:
        assert all(f'"{name}"' in asked for pair in rival.items() for name in pair)


# What a probe teaches.


def test_a_provider_that_is_as_assumed_agrees_and_nothing_is_charged(home: Home) -> None:
    simulator = Simulator(keys=frozenset({KEY}))
    report = probed(home, simulator)
    assert report.document["ok"]
    assert set(lessons(report)) == {"agrees", "open"}
    assert len(report.document["probes"]) == len(QUESTIONS)
    assert (simulator.store.count(), simulator.consumed()) == (0, 0)
    assert "nothing was charged" in report.document["notes"][-1]
    assert {(state, booked) for state, _, _, _, booked in entries(home)} == {("declined", 0)}
    assert 'data.plan: text "creator"' in report.document["shapes"]["/account/info"]
    assert not [note for note in report.document["notes"] if "missing" in note]


@contextmanager
def refusing(words: Any, status: int = 400) -> Iterator[str]:
    """A provider that refuses every order with the words that `words` makes of its body."""

    class Refusing:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if scope.get("method") != "POST":
                await self.app(scope, receive, send)
                return
            message = await receive()
            said = words(json.loads(message["body"]))
            answer: Response = JSONResponse({"code": status, "data": None, "message": said}, status)
            await answer(scope, receive, send)

    simulator = Simulator(keys=frozenset({KEY}))
    plain = simulator.app
    simulator.app = lambda *middleware: plain(*middleware, Middleware(Refusing))  # type: ignore[method-assign]
    with provider(simulator) as url:
        yield url


def test_a_provider_with_other_names_differs_and_its_words_are_shown(home: Home) -> None:
    def typed(body: Any) -> str:
        """A reader that stumbles over the first field of a wrong type that it knows, as Go's does."""
        known = [name for name in body["input"] if name in ("first_frame", "last_frame", "prompt")]
        return f"json: cannot unmarshal object into Go struct field Input.{known[0]} of type string" if known else "bad"

    with refusing(typed) as url:
        home.url = url
        report = home.report("--probe")
    differing = [probe for probe in report.document["probes"] if probe["lesson"] == "differs"]
    assert [probe["names"] for probe in differing] == [["first_frame"]]
    assert "Input.first_frame" in differing[0]["answer"]
    assert differing[0]["assumed"] == "never sends first_frame, last_frame"
    assert report.document["ok"], "another spelling is news, not an illness of this installation"


def test_a_name_that_is_called_unknown_teaches_nothing(home: Home) -> None:
    with refusing(lambda body: f"unknown field {', '.join(body['input'])}") as url:
        home.url = url
        assert set(lessons(home.report("--probe"))) == {"open"}


def test_the_key_in_a_refusal_is_not_shown(home: Home) -> None:
    with refusing(lambda _body: f"no such thing for {KEY}") as url:
        home.url = url
        assert "[hidden]" in home.run("--probe").stdout  # and `run` looks for the key itself


# What must never happen, and does.


@pytest.mark.parametrize("name", [PROBE, "img2video-14b", "img2video-14b-keyframe"])
def test_a_probe_that_is_taken_is_booked_cancelled_and_told_loudly(home: Home, name: str) -> None:
    simulator = Simulator(catalog=credulous(name), keys=frozenset({KEY}))
    report = probed(home, simulator)
    assert not report.document["ok"]
    assert lessons(report)[-1] == "taken"
    (task,) = simulator.store.all()
    assert task.status(simulator.now()) == "cancelled"
    assert simulator.consumed() == 0
    answer = report.document["probes"][-1]["answer"]
    assert task.task_id in answer
    assert "cancelled" in answer
    assert any(note.startswith("ATTENTION") for note in report.document["notes"])
    assert not [note for note in report.document["notes"] if "missing" in note]
    assert 'data.data[].status: text "cancelled"' in report.document["shapes"]["/api/open/tasks/histories"]
    *declined, taken = entries(home)
    assert taken == ("accepted", name, task.task_id, "cancelled", 0)
    assert all(state == "declined" for state, *_ in declined)


def test_a_taken_probe_that_cannot_be_cancelled_stays_on_the_books(home: Home) -> None:
    simulator = Simulator(catalog=credulous("img2video-14b"), keys=frozenset({KEY}), speed=1e9)
    report = probed(home, simulator)
    assert lessons(report)[-1] == "taken"
    assert "could not be cancelled" in report.document["probes"][-1]["answer"]
    assert "balance went from $1000.00 to $999.72" in report.document["notes"][-1]
    (state, _, _, status, booked) = entries(home)[-1]
    assert (state, status, booked) == ("accepted", "completed", 2_800_000)


def test_a_probe_whose_answer_is_lost_is_an_order_of_unknown_outcome_and_the_last(home: Home) -> None:
    simulator = Simulator(catalog=credulous("img2video-14b"), keys=frozenset({KEY}))
    simulator.weather.coming("POST", Fault.NONE, Fault.LOSE_ANSWER)
    report = probed(home, simulator)
    assert not report.document["ok"]
    assert lessons(report) == ["open", "unknown"]
    assert entries(home)[-1] == ("unknown", "img2video-14b", None, None, 2_800_000)
    (task,) = simulator.store.all()
    assert any(task.task_id in note for note in report.document["notes"])


def test_an_unchanged_balance_is_no_proof_while_the_outcome_of_a_probe_is_unknown(home: Home) -> None:
    with refusing(lambda _body: "boom", 500) as url:
        home.url = url
        report = home.report("--probe")
    assert lessons(report) == ["unknown"]
    assert "may be charged later" in report.document["notes"][-1]
    assert "nothing was charged" not in json.dumps(report.document)


def test_without_room_in_the_budget_nothing_is_sent(home: Home) -> None:
    simulator = Simulator(catalog=credulous(PROBE), keys=frozenset({KEY}))
    home.more = {"WANX_DAILY_BUDGET_USD": "0"}
    assert lessons(probed(home, simulator)) == ["not asked"]
    assert simulator.store.count() == 0


@pytest.mark.parametrize(("status", "words"), [(429, "slow down"), (402, "Insufficient credits"), (401, "bad key")])
def test_a_refusal_that_is_not_about_the_order_ends_the_probing(home: Home, status: int, words: str) -> None:
    asked: list[Any] = []
    with refusing(lambda body: asked.append(body) or words, status) as url:
        home.url = url
        assert lessons(home.report("--probe")) == ["not asked"]
    assert len(asked) == 1


def test_nothing_is_probed_while_something_is_wrong(home: Home) -> None:
    simulator = Simulator(keys=frozenset({"another"}))
    report = probed(home, simulator)
    assert not report.document["probes"]
    assert report.document["notes"] == ["Nothing was probed: first fix the problems above."]
    assert not (home.path / "state").exists()
