"""What is read of a row of the task history: every row is kept, however odd, and null is an empty list."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from wanx_mcp.provider.answers import Status
from wanx_mcp.provider.rows import HistoryRow, read_rows

REAL: dict[str, Any] = {
    "id": 1,
    "account_id": 1,
    "api_key_id": 1,
    "task_id": "t-1",
    "task_model": "provider-internal",
    "action": "txt2video-14b",
    "status": "finished",
    "service_mode": "public",
    "usage": 2_800_000,
    "usage_type": "point",
    "fixed": True,
    "created_at": "2026-01-01T00:00:00.290370834Z",
    "detail": {"model": "Qubico/wanx", "task_id": "t-1", "task_type": "other", "output": "https://h/x.mp4"},
}


def rows(*given: Any) -> list[HistoryRow]:
    found = read_rows({"code": 200, "data": {"data": list(given), "page": 1, "size": 10, "total": len(given)}})
    assert found is not None
    assert found[1] == len(given)
    return found[0]


def test_a_row_as_it_really_looks() -> None:
    (row,) = rows(REAL)
    assert row == HistoryRow(
        task_id="t-1",
        task_type="txt2video-14b",
        model="Qubico/wanx",
        status=Status.COMPLETED,
        provider_status="finished",
        created_at=datetime(2026, 1, 1, 0, 0, 0, 290370, UTC),
        usage_points=2_800_000,
    )


@pytest.mark.parametrize(
    ("fields", "task_type"),
    [
        ({"action": "a", "task_type": "b", "detail": {"task_type": "c", "workflow_type": "d"}}, "a"),
        ({"action": "", "task_type": "b", "detail": {"task_type": "c"}}, "b"),
        ({"action": 7, "detail": {"task_type": "c", "workflow_type": "d"}}, "c"),
        ({"detail": {"workflow_type": "d"}}, "d"),
        ({"detail": "x"}, None),
        ({}, None),
    ],
)
def test_where_a_row_has_its_task_type(fields: dict[str, Any], task_type: str | None) -> None:
    (row,) = rows({"task_id": "t", **fields})
    assert row.task_type == task_type


@pytest.mark.parametrize(
    ("fields", "model"),
    [
        ({"model": "a", "detail": {"model": "b"}}, "a"),
        ({"detail": {"model": "b"}}, "b"),
        ({"task_model": "c"}, None),
        ({"model": 5}, None),
    ],
)
def test_where_a_row_has_its_model(fields: dict[str, Any], model: str | None) -> None:
    (row,) = rows({"task_id": "t", **fields})
    assert row.model == model


@pytest.mark.parametrize(
    "odd", [{}, None, 5, "t-1", [], {"id": 7}, {"task_id": ""}, {"task_id": 7}, {"task_id": "a b"}, {"task_id": ".."}]
)
def test_a_row_without_an_id_is_kept_without_one(odd: Any) -> None:
    found = rows(REAL, odd, {**REAL, "task_id": "t-2"})
    assert [row.task_id for row in found] == ["t-1", None, "t-2"]


def test_an_id_may_stand_in_the_detail() -> None:
    (row,) = rows({"detail": {"task_id": " t-9 "}})
    assert row.task_id == "t-9"


def test_null_is_an_empty_list() -> None:
    assert read_rows({"code": 200, "data": {"data": None, "total": 0}}) == ([], 0)
    assert read_rows({"data": {"data": []}}) == ([], None)


@pytest.mark.parametrize(
    "body",
    [None, [], "x", {}, {"data": None}, {"data": []}, {"data": {}}, {"data": {"data": {}}}, {"data": {"data": "x"}}],
)
def test_what_is_no_page_of_the_history_is_none(body: Any) -> None:
    assert read_rows(body) is None


@pytest.mark.parametrize("total", [None, True, -1, "7", 7.0, [7]])
def test_a_total_that_is_no_count_is_none(total: Any) -> None:
    assert read_rows({"data": {"data": [], "total": total}}) == ([], None)


@pytest.mark.parametrize(
    ("fields", "points"),
    [({"usage_type": "quota"}, None), ({"usage": 1.5}, None), ({"usage": {}}, None), ({}, 2_800_000)],
)
def test_the_usage_of_a_row_counts_in_whole_points_only(fields: dict[str, Any], points: int | None) -> None:
    (row,) = rows({**REAL, **fields})
    assert row.usage_points == points
