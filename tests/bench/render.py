"""The CPU time of the simulator's clips: each against its length, and prompts against a short one.

Target: a clip below half its own length, 15 s at 1080P with sound included (and below 200 MB); any prompt below ten
times a short one.
"""

from __future__ import annotations

import resource
from time import process_time

from tests.test_render import KINDS, PROMPTS
from wanx_mcp.simulator.render import FRAMES, RATE, Scene, render_clip
from wanx_mcp.simulator.render.clip import finished_of


def clip_seconds(scene: Scene) -> float:
    """CPU seconds of a whole clip."""
    begun = process_time()
    render_clip(scene)
    return process_time() - begun


def frame_seconds(prompt: str) -> float:
    """CPU seconds of the first frame of a prompt, the best of three."""
    tries = []
    for _ in range(3):
        begun = process_time()
        finished_of(Scene("txt2video-14b", prompt, portrait=False))(0.0)
        tries.append(process_time() - begun)
    return min(tries)


def main() -> None:
    frame_seconds("warm")
    for kind, scene in KINDS.items():
        took = clip_seconds(scene)
        print(f"{kind:>32}: {took:5.2f} s, ratio {took / (FRAMES / RATE):.2f}")
    longest = Scene("wan26-txt2video", "a boat", portrait=False, full=(1920, 1080), frames=240, sound=True)
    took, peak = clip_seconds(longest), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{'15 s, 1080P, sound':>32}: {took:5.2f} s, ratio {took / 15:.2f}, {peak} MB")
    short = frame_seconds("a boat")
    for name, prompt in PROMPTS.items():
        took = frame_seconds(prompt)
        print(f"{name:>32}: {took * 1000:5.0f} ms, ratio {took / short:.1f}")


if __name__ == "__main__":
    main()
