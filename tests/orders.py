"""One valid order of each task type, and the wire body that the contract shows for it."""

from __future__ import annotations

from typing import Any

URL = "https://example.com/in.jpg"
URL2 = "https://example.com/out.png"

VALID: dict[str, dict[str, Any]] = {
    "txt2video-1.3b": {"prompt": "a paper boat"},
    "txt2video-14b": {"prompt": "a paper boat", "negative_prompt": "blurry, static", "aspect_ratio": "16:9"},
    "txt2video-14b-lora": {"prompt": "a girl on a ferry", "lora_type": "ghibli"},
    "img2video-14b": {"prompt": "she turns", "image": URL, "aspect_ratio": "9:16"},
    "img2video-14b-lora": {"prompt": "a mug", "image": URL, "lora_type": "inflate-effect", "lora_strength": 1.0},
    "img2video-14b-keyframe": {"prompt": "day to night", "start_image": URL, "end_image": URL2},
    "img2video-14b-control-camera": {
        "prompt": "a lighthouse",
        "image": URL,
        "motion_type": "zoom_in",
        "motion_speed": 0.2,
    },
    "wan22-txt2video-14b": {"prompt": "a paper boat"},
    "wan22-img2video-14b": {"prompt": "she turns", "image": URL},
    "wan26-txt2video": {"prompt": "a paper boat", "aspect_ratio": "9:16", "duration": 5, "audio": False},
    "wan26-img2video": {"prompt": "she turns", "image": URL},
}

WIRE: dict[str, dict[str, Any]] = {
    **{name: dict(order) for name, order in VALID.items()},
    "txt2video-14b-lora": {"prompt": "a girl on a ferry", "lora_settings": [{"lora_type": "ghibli"}]},
    "img2video-14b-lora": {
        "prompt": "a mug",
        "image": URL,
        "lora_settings": [{"lora_type": "inflate-effect", "lora_strength": 1.0}],
    },
    "img2video-14b-control-camera": {
        "prompt": "a lighthouse",
        "image": URL,
        "control_camera_settings": [{"motion_type": "zoom_in", "motion_speed": 0.2}],
    },
    "wan26-txt2video": {
        "prompt": "a paper boat",
        "aspect_ratio": "9:16",
        "duration": 5,
        "resolution": "720P",
        "audio": False,
    },
    "wan26-img2video": {
        "prompt": "she turns",
        "image": URL,
        "duration": 5,
        "resolution": "720P",
        "audio": True,
    },
}

# At least 25 ways to get an order wrong. Each must be refused before any request, with advice that leads out.
BAD: dict[str, dict[str, Any]] = {
    "nothing at all": {},
    "no task type": {"prompt": "a boat"},
    "no task type but a picture": {"prompt": "a boat", "image": URL},
    "an empty task type": {"task_type": "", "prompt": "a boat"},
    "an unknown task type": {"task_type": "txt2video", "prompt": "a boat"},
    "a task type of another product": {"task_type": "kling-img2video", "prompt": "a boat", "image": URL},
    "a task type that is a number": {"task_type": 14, "prompt": "a boat"},
    "no prompt": {"task_type": "txt2video-14b"},
    "an empty prompt": {"task_type": "txt2video-14b", "prompt": ""},
    "a blank prompt": {"task_type": "txt2video-14b", "prompt": " \n "},
    "a prompt that is a number": {"task_type": "txt2video-14b", "prompt": 7},
    "a prompt that is too long": {"task_type": "txt2video-14b", "prompt": "x" * 10_001},
    "a prompt with half a character": {"task_type": "txt2video-14b", "prompt": "a \ud800 boat"},
    "an unknown argument": {"task_type": "txt2video-14b", "prompt": "a boat", "seed": 3},
    "a misspelt argument": {"task_type": "img2video-14b", "prompt": "a boat", "imageurl": URL},
    "a picture for text to video": {"task_type": "txt2video-14b", "prompt": "a boat", "image": URL},
    "a LoRA without a LoRA type": {"task_type": "txt2video-14b", "prompt": "a boat", "lora_type": "ghibli"},
    "no picture": {"task_type": "img2video-14b", "prompt": "a boat"},
    "a picture over plain http": {
        "task_type": "img2video-14b",
        "prompt": "a boat",
        "image": "http://example.com/a.png",
    },
    "a picture nobody can reach": {
        "task_type": "img2video-14b",
        "prompt": "a boat",
        "image": "https://localhost/a.png",
    },
    "a data URI that is no picture": {"task_type": "img2video-14b", "prompt": "a boat", "image": "data:text/html,x"},
    "a data URI that lies": {"task_type": "img2video-14b", "prompt": "x", "image": "data:image/png;base64,AAAA"},
    "a picture in a list": {"task_type": "img2video-14b", "prompt": "a boat", "image": [URL]},
    "one keyframe": {"task_type": "img2video-14b-keyframe", "prompt": "a boat", "start_image": URL},
    "image instead of keyframes": {"task_type": "img2video-14b-keyframe", "prompt": "a boat", "image": URL},
    "keyframes for image to video": {
        "task_type": "img2video-14b",
        "prompt": "a boat",
        "start_image": URL,
        "end_image": URL2,
    },
    "no motion": {"task_type": "img2video-14b-control-camera", "prompt": "a boat", "image": URL},
    "an unknown motion": {
        "task_type": "img2video-14b-control-camera",
        "prompt": "a boat",
        "image": URL,
        "motion_type": "fly",
    },
    "a motion that is too fast": {
        "task_type": "img2video-14b-control-camera",
        "prompt": "a boat",
        "image": URL,
        "motion_type": "zoom_in",
        "motion_speed": 11,
    },
    "a nested LoRA": {
        "task_type": "txt2video-14b-lora",
        "prompt": "a boat",
        "lora_settings": [{"lora_type": "ghibli"}],
    },
    "a LoRA too strong": {
        "task_type": "txt2video-14b-lora",
        "prompt": "a boat",
        "lora_type": "ghibli",
        "lora_strength": "1.5",
    },
    "an adult LoRA": {"task_type": "txt2video-14b-lora", "prompt": "a boat", "lora_type": "NSFW_something"},
    "a square ratio": {"task_type": "txt2video-14b", "prompt": "a boat", "aspect_ratio": "1:1"},
    "three things at once": {"task_type": "txt2video-14b", "prompt": " ", "aspect_ratio": "4:3", "steps": 50},
    "a dry run that is no boolean": {"task_type": "txt2video-14b", "prompt": "a boat", "dry_run": "perhaps"},
}
