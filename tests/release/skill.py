"""The plugin's skill: how to write prompts, what videos cost, how several clips become a film."""

from __future__ import annotations

from wanx_mcp.catalog import CATALOG
from wanx_mcp.catalog.arguments import MotionType
from wanx_mcp.server.resources import RESOURCES
from wanx_mcp.server.tools import tool_rows
from wanx_mcp.toolnames import CANCEL, CREATE, GET, LIST, PREVIEW, SAVE

NAME = "wanx-video"
JOIN = next((row.name for row in tool_rows(CATALOG) if row.name.startswith("join")), None)
"""The tool that joins clips, if there is one."""

HEAD = f"""---
name: {NAME}
description: >-
  Makes short videos with WanX (Wan) from PiAPI: text to video, image to video, morphs, camera moves, LoRA effects, and
  films of several clips. Use it when the user asks for a video, clip, animation or film, wants a picture animated, or
  asks what a video would cost. Teaches prompts, task types, prices and the order of the calls.
---

# Videos with WanX

The tools belong to the server `wanx` of this plugin. If they are not in your list of tools, search for them by these
names: `{CREATE}`, `{GET}`, `{LIST}`, `{SAVE}`, `{PREVIEW}`, `{CANCEL}`.

At its first start the server is installed, which can take longer than the host waits. If there are no such tools, ask
the user to reconnect the server in `/mcp`.

## One video

1. Choose a task type from the table and tell the user its price before you order.
2. `{CREATE}` with `dry_run: true` checks the arguments and tells the price, free of charge. Use it before you order
   several videos, or if you are unsure about an argument.
3. `{CREATE}` orders. It answers with a `task_id` within seconds; the video takes minutes.
4. `{GET}` with that `task_id` and `wait_seconds: 45`, again and again until the state is `completed` or `failed`.
5. Give the user the link at once: it expires, often within a day. `{SAVE}` stores the file on the user's disk.
6. `{PREVIEW}` shows you frames of the video. Look at them before you describe the video or claim that it fits.

Every order costs money. Never order again because an answer was lost, slow or `unknown`: `{LIST}` shows what became of
the order. An error says whether anything was charged (`Charged by this call`) and what to do next.
Several takes of one idea need a `request_id` each; without one, the same order counts as a repeat and costs nothing.
`{CANCEL}` works only while a task is pending.

## Task types and prices

US dollars a video.

"""

PROMPTS = """
## Prompts

A prompt describes what a camera sees in one continuous shot of a few seconds. Write it in this order, in plain
sentences: the subject with two or three visible details, what it does, the place and time, the camera (framing and one
movement), the light, the style.

* One action and one camera movement a clip. A second scene needs a second clip.
* Say what is there, not what is missing; what to avoid goes into `negative_prompt`, as a short list of nouns and
  adjectives ("blurry, low quality, text, distorted hands").
* Describe motion with verbs and a pace: "drifts slowly", "turns her head and smiles", "the camera glides forward".
* Avoid names of real people and brands: the provider may refuse them.
* Text in the picture is rarely legible. Leave it out.
* For a picture, describe only what changes: the motion, the camera, the light. The picture shows the rest.
* For a morph between two pictures, describe the way from one to the other.

Weak: "a boat". Better: "A small paper boat with a torn sail drifts along a rain gutter at dusk. Low camera close to the
water, following it slowly. Warm street light, wet asphalt, shallow depth of field, cinematic."

"""

CAMERA = """## Camera and LoRAs

`motion_type` is one of {motions}.

{loras}

A `?` means that nobody has documented it: try a cheap draft first, and say so.

"""

CLIPS = """## Films

A film is a row of clips. Before you order, write the list of shots with the price of each and the sum, and ask the user
to agree. Then:

1. Order the first shot, look at its preview, and go on only if it fits.
2. Repeat the description of the subject, the place, the light and the style word for word in each prompt; change only
   the action and the camera. Keep `aspect_ratio` and the task type the same.
"""

WITHOUT_JOIN = """\
3. For a shot that continues the one before, use a picture of its last frame that the user has, with a task type
   that takes an `image`.
4. Save every clip with `{save}`, and name the files in the order of the film. The server does not join them.
"""

WITH_JOIN = """\
3. For a shot that continues the one before, give `image: "task:TASK_ID"`: that is the last frame of the earlier clip.
4. Save every clip with `{save}`, then `{join}` makes one file of them, in the order in which you list them.
"""

FOOT = """
More: the resources {resources}.
"""


def skill(task_types: str, loras: str) -> str:
    """The text of SKILL.md. The arguments are tables in Markdown."""
    motions = ", ".join(f"`{name}`" for name in MotionType.__args__[0].__args__)  # type: ignore[attr-defined]
    fixed = [row.uri for row in RESOURCES if "{" not in row.uri]
    film = WITH_JOIN.format(save=SAVE, join=JOIN) if JOIN else WITHOUT_JOIN.format(save=SAVE)
    return (
        HEAD
        + task_types
        + "\n"
        + PROMPTS
        + CAMERA.format(motions=motions, loras=loras)
        + CLIPS
        + film
        + FOOT.format(resources=", ".join(f"`{uri}`" for uri in fixed))
    )
