"""Mean delay between the end of a task and the caller knowing it, and reads per task, against fixed intervals and the
optimum. Targets: at most 0.6 of the fixed 10 s at no more reads, within 15 % of the optimum, a wrong guess no worse.
"""

from __future__ import annotations

import math
import random
import statistics
from dataclasses import replace
from datetime import timedelta

import anyio

from tests.bench.schedules import Schedule, Truth, cost, every, optimum
from tests.world import Agent, World
from wanx_mcp.catalog import CATALOG, Catalog
from wanx_mcp.simulator.life import Plan
from wanx_mcp.studio.tasks.durations import UNSURE_EVIDENCE, Durations, learned
from wanx_mcp.studio.tasks.pace import Pace

MEDIANS = {"txt2video-1.3b": 120.0, "txt2video-14b": 390.0}
EVIDENCE = 20
TASKS = 100
CALL = 45
COLD = 20
"""So many ledgers without evidence."""
HISTORIES = 40


def ours(durations: Durations) -> Schedule:
    return lambda at: Pace(durations, at).next_look(math.inf)


def exact(median: float) -> None:
    """The rule alone, one long wait for each task."""
    truth = Truth(median)
    fixed = cost(every(10), truth)
    best = optimum(truth, fixed.reads)
    print(f"median {median:.0f} s, one long wait (exact)")
    rows = {f"fixed {gap} s": cost(every(gap), truth) for gap in (5, 10, 15)}
    rows |= {
        "optimum, reads of fixed 10 s": best,
        f"ours after {EVIDENCE} tasks": cost(ours(Durations(median, EVIDENCE)), truth),
        "ours, cold start": cost(ours(Durations(median, 0)), truth),
    }
    for name, each in rows.items():
        print(
            f"  {name:<30} {each.reads:5.1f} reads (x{each.reads / fixed.reads:.2f}), delay {each.delay:5.2f} s "
            f"(x{each.delay / fixed.delay:.2f} of fixed 10 s, x{each.delay / best.delay:.2f} of the optimum)"
        )
    for factor in (0.5, 2.0):
        off, base = Truth(median / factor), cost(every(10), Truth(median / factor))
        cold = cost(ours(Durations(median, 0)), off)
        print(
            f"  cold start, guess wrong by {factor:<4}   {cold.reads:5.1f} reads (x{cold.reads / base.reads:.2f}), "
            f"delay {cold.delay:5.2f} s (x{cold.delay / base.delay:.2f} of fixed 10 s)"
        )


def learning(median: float, factor: float) -> None:
    """The exact cost after so many ended tasks, as the mean over several histories."""
    truth, rng = Truth(median), random.Random(7)  # noqa: S311  # a sample, no secret
    fixed = cost(every(10), truth)
    told = []
    for count in (0, 1, 2, 3, 4, 5, 10, 20):
        histories = [[truth.quantile(rng.random()) for _ in range(count)] for _ in range(HISTORIES if count else 1)]
        costs = [cost(ours(learned(median * factor, history)), truth) for history in histories]
        reads = statistics.mean(each.reads for each in costs) / fixed.reads
        told.append(f"{count}: x{statistics.mean(each.delay for each in costs) / fixed.delay:.2f} at x{reads:.2f}")
    print(f"  median {median:.0f} s, guess x{factor}: {', '.join(told)}")


async def follow(world: World, agent: Agent, task_type: str, seconds: float, number: int) -> tuple[float, int]:
    """The delay and the reads of one task, by calls of CALL seconds, one after the other."""
    task_id = (await agent.order(task_type=task_type, prompt=f"boat {number}"))["task_id"]
    task = world.simulator.store.find(task_id)
    assert task
    world.simulator.store.save(replace(task, plan=Plan(0.08 * seconds, 0.92 * seconds)))
    end = task.created_at + timedelta(seconds=seconds)
    before = len(world.line.sent("GET"))
    while (await agent.ok("get_wanx_task", task_id=task_id, wait_seconds=CALL))["status"] != "completed":
        pass
    return (world.clock.now() - end).total_seconds(), len(world.line.sent("GET")) - before


async def front_door(task_type: str, median: float, guess: float, tasks: int, worlds: int) -> None:
    """Sequences of tasks through the tools, so that learning is part of it; each world begins without evidence."""
    rng = random.Random(7)  # noqa: S311  # a sample, no secret
    rows = (replace(row, usual_seconds=round(median * guess)) for row in CATALOG.rows)
    catalog = Catalog(tuple(rows))
    sample = [Truth(median).quantile((number + 0.5) / (tasks * worlds)) for number in range(tasks * worlds)]
    rng.shuffle(sample)
    seen: dict[bool, list[tuple[float, float, float, float]]] = {True: [], False: []}
    for start in range(0, len(sample), tasks):
        world = World(catalog=catalog)
        async with world.client() as agent:
            for number, seconds in enumerate(sample[start : start + tasks]):
                delay, reads = await follow(world, agent, task_type, seconds, number)
                seen[number >= UNSURE_EVIDENCE].append((delay, reads, *fixed_calls(seconds)))
                world.clock.advance(200)
    for name, part in ((f"first {UNSURE_EVIDENCE}", seen[False]), ("learned", seen[True])):
        if len(part) > UNSURE_EVIDENCE:
            delay, reads, base_delay, base_reads = (statistics.mean(each) for each in zip(*part, strict=True))
            print(
                f"  {task_type:<14}, guess x{guess:<3} {name:<8} ({len(part):>3} tasks) {reads:5.1f} reads "
                f"(x{reads / base_reads:.2f}), delay {delay:5.2f} s (x{delay / base_delay:.2f})"
            )


def fixed_calls(seconds: float) -> tuple[float, int]:
    """The same task with such calls and a fixed interval of 10 s."""
    at, reads = 0.0, 1  # a call reads at its beginning
    while at < seconds:
        at, reads = min(at + 10, (at // CALL + 1) * CALL), reads + 1
    return at - seconds, reads


async def main() -> None:
    for median in MEDIANS.values():
        exact(median)
    print("delay of fixed 10 s at its reads, by ended tasks in the ledger, one long wait (exact)")
    for median in MEDIANS.values():
        for factor in (1.0, 0.5, 2.0):
            learning(median, factor)
    print(
        f"through the tools on a virtual clock, calls of {CALL} s, against the same calls with a fixed interval of 10 s"
    )
    for task_type, median in MEDIANS.items():
        for guess in (1.0, 0.5, 2.0):
            await front_door(task_type, median, guess, UNSURE_EVIDENCE, COLD)
        await front_door(task_type, median, 1.0, UNSURE_EVIDENCE + TASKS, 1)


if __name__ == "__main__":
    anyio.run(main)
