"""How a clip's metadata turn its picture: phones and some encoders store it sideways and leave the turn to players."""

from __future__ import annotations

import struct
from enum import IntEnum

Matrix = tuple[int, int, int, int]
"""a, b, c, d of the transformation x' = ax + cy, y' = bx + dy, with y downwards, as 16.16 numbers."""


class Turn(IntEnum):
    """What a player does to the stored picture; the numbers are those of Pillow's `Transpose`."""

    FLIP_LEFT_RIGHT = 0
    FLIP_TOP_BOTTOM = 1
    ROTATE_90 = 2
    ROTATE_180 = 3
    ROTATE_270 = 4
    TRANSPOSE = 5
    TRANSVERSE = 6

    @property
    def sideways(self) -> bool:
        """Whether width and height change places."""
        return self in (Turn.ROTATE_90, Turn.ROTATE_270, Turn.TRANSPOSE, Turn.TRANSVERSE)


# Pillow turns counter-clockwise: what a player turns by 90 degrees clockwise is its ROTATE_270.
_TURNS = {
    (-1, 0, 0, 1): Turn.FLIP_LEFT_RIGHT,
    (1, 0, 0, -1): Turn.FLIP_TOP_BOTTOM,
    (0, -1, 1, 0): Turn.ROTATE_90,
    (-1, 0, 0, -1): Turn.ROTATE_180,
    (0, 1, -1, 0): Turn.ROTATE_270,
    (0, 1, 1, 0): Turn.TRANSPOSE,
    (0, -1, -1, 0): Turn.TRANSVERSE,
}


def read_matrix(header: bytes, at: int) -> Matrix | None:
    """The matrix at offset `at` of a track's or movie's header; None if the header is too short."""
    if len(header) < at + 36:
        return None
    a, b, _u, c, d = struct.unpack(">5i", header[at : at + 20])
    return a, b, c, d


def turn_of(track: Matrix | None, movie: Matrix | None) -> Turn | None:
    """The turn that both matrices make together; None if the picture is shown as it is stored, or turned by an angle
    that is no right one."""
    a, b, c, d = _signs(track)
    e, f, g, h = _signs(movie)
    return _TURNS.get((a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h))


def _signs(matrix: Matrix | None) -> Matrix:
    """The nearest matrix of -1, 0 and 1: scaling is left to width and height."""
    if matrix is None:
        return 1, 0, 0, 1
    a, b, c, d = matrix
    if abs(a) + abs(d) >= abs(b) + abs(c):
        b = c = 0
    else:
        a = d = 0
    signs = tuple((value > 0) - (value < 0) for value in (a, b, c, d))
    return signs if abs(signs[0] * signs[3] - signs[1] * signs[2]) == 1 else (1, 0, 0, 1)  # type: ignore[return-value]
