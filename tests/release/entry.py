"""Prints the registry entry of a release, with the hash of its bundle: python -m tests.release.entry BUNDLE."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

from tests.release.packages import BUNDLE, server_json


def entry(bundle: Path) -> str:
    """The entry's text. Raises ValueError if `bundle` is not the bundle that the entry names."""
    if bundle.name != BUNDLE:
        raise ValueError(f"{bundle.name} is not {BUNDLE}")
    return json.dumps(server_json(hashlib.sha256(bundle.read_bytes()).hexdigest()), indent=2) + "\n"


if __name__ == "__main__":
    print(entry(Path(sys.argv[1])), end="")
