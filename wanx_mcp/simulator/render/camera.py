"""The camera: its position and direction at each moment of a shot, and the frame of a still canvas that it sees."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, exp, sin

from PIL import Image

from wanx_mcp.simulator.render.scene import FrameSize, Scene

Matrix = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]
Point = tuple[float, float]
FOCUS = 0.6  # focal length in long sides of the frame: short, so that lines visibly converge in a tilt


@dataclass(frozen=True, slots=True)
class Pose:
    """A camera move: right and down in frames, zoom in e-folds, turns in radians; roll turns the picture clockwise."""

    right: float = 0.0
    down: float = 0.0
    zoom: float = 0.0
    roll: float = 0.0
    up: float = 0.0
    left: float = 0.0

    def at(self, share: float) -> Pose:
        """That share of the move."""
        return Pose(*(share * part for part in (self.right, self.down, self.zoom, self.roll, self.up, self.left)))


@dataclass(frozen=True, slots=True)
class Motion:
    """A direction, and how far the whole clip moves along it at speed 0 (still visible) and at 10, in Pose units."""

    direction: Pose
    least: float
    most: float

    def whole(self, speed: float) -> Pose:
        """The move at a speed. It grows with the square root, because nearly all orders lie between 0 and 1."""
        share = min(10.0, max(0.0, speed)) / 10
        return self.direction.at(self.least + (self.most - self.least) * share**0.5)


STILL = Pose()
DRIFT = Pose(right=0.06, down=-0.03, zoom=0.10)  # for a picture whose order names no motion
ZOOM, PAN, TILT, ROLL = (0.25, 1.2), (0.10, 0.55), (0.20, 0.50), (0.22, 1.1)
# A pan slides the camera, a tilt turns it in place: only a tilt makes lines converge.
# A clockwise roll turns the picture clockwise.
MOTIONS: dict[str, Motion] = {
    "static": Motion(STILL, 0.0, 0.0),
    "zoom_in": Motion(Pose(zoom=1), *ZOOM),
    "zoom_out": Motion(Pose(zoom=-1), *ZOOM),
    "pan_left": Motion(Pose(right=-1), *PAN),
    "pan_right": Motion(Pose(right=1), *PAN),
    "pan_up": Motion(Pose(down=-1), *PAN),
    "pan_down": Motion(Pose(down=1), *PAN),
    "tilt_left": Motion(Pose(left=1), *TILT),
    "tilt_right": Motion(Pose(left=-1), *TILT),
    "tilt_up": Motion(Pose(up=1), *TILT),
    "tilt_down": Motion(Pose(up=-1), *TILT),
    "roll_clockwise": Motion(Pose(roll=1), *ROLL),
    "roll_anticlockwise": Motion(Pose(roll=-1), *ROLL),
}


def move_of(scene: Scene) -> Pose:
    """The move that a scene asks for. A picture without a motion, or with an unknown one, drifts."""
    motion = MOTIONS.get(scene.motion or "")
    if motion:
        return motion.whole(scene.speed)
    return DRIFT if scene.pictures or scene.motion else STILL


@dataclass(frozen=True, slots=True)
class Shot:
    """One move over one canvas, fitted so that the frame never reaches past the edge of the canvas."""

    size: FrameSize
    canvas: FrameSize
    move: Pose
    fit: Matrix

    def take(self, canvas: Image.Image, t: float) -> Image.Image:
        """The frame at t, from 0 to 1."""
        (a, b, c), (d, e, f), (g, h, i) = product(self.fit, lens(self.move.at(t), self.size))
        width, height = self.size
        if b == d == g == h == 0.0:  # upright: a resize is quicker, and filters better
            box = (max(0.0, c), max(0.0, f), min(canvas.width, c + a * width), min(canvas.height, f + e * height))
            return canvas.resize(self.size, Image.Resampling.BILINEAR, box=box)
        coefficients = tuple(part / i for part in (a, b, c, d, e, f, g, h))
        return canvas.transform(self.size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BILINEAR)


def shot(size: FrameSize, canvas: FrameSize, move: Pose) -> Shot:
    """The shot of a move: everything that the camera will see, scaled to fill the canvas."""
    seen = [point for step in range(9) for point in corners(lens(move.at(step / 8), size), size)]
    left, right = min(x for x, _ in seen), max(x for x, _ in seen)
    top, bottom = min(y for _, y in seen), max(y for _, y in seen)
    scale = min((canvas[0] - 2) / (right - left), (canvas[1] - 2) / (bottom - top))
    across, along = (canvas[0] - scale * (left + right)) / 2, (canvas[1] - scale * (top + bottom)) / 2
    return Shot(size, canvas, move, ((scale, 0.0, across), (0.0, scale, along), (0.0, 0.0, 1.0)))


def lens(pose: Pose, size: FrameSize) -> Matrix:
    """The matrix from a pixel of the frame to the point of a flat picture, one focal length away, that it shows."""
    width, height = size
    focus = FOCUS * max(size)
    centre: Matrix = ((1.0, 0.0, -width / 2), (0.0, 1.0, -height / 2), (0.0, 0.0, 1.0))
    grow = exp(-pose.zoom)
    c, s = grow * cos(pose.roll), grow * sin(pose.roll)
    turn: Matrix = ((c, s, 0.0), (-s, c, 0.0), (0.0, 0.0, 1.0))
    c, s = cos(pose.up), sin(pose.up)
    nod: Matrix = ((1.0, 0.0, 0.0), (0.0, c, -s * focus), (0.0, s / focus, c))
    c, s = cos(pose.left), sin(pose.left)
    shake: Matrix = ((c, 0.0, -s * focus), (0.0, 1.0, 0.0), (s / focus, 0.0, c))
    slide: Matrix = ((1.0, 0.0, pose.right * width), (0.0, 1.0, pose.down * height), (0.0, 0.0, 1.0))
    return product(slide, product(shake, product(nod, product(turn, centre))))


def corners(matrix: Matrix, size: FrameSize) -> list[Point]:
    """The points that the four corners of the frame show."""
    return [through(matrix, (x, y)) for x in (0.0, float(size[0])) for y in (0.0, float(size[1]))]


def through(matrix: Matrix, point: Point) -> Point:
    """A point transformed by a matrix."""
    x, y, z = (row[0] * point[0] + row[1] * point[1] + row[2] for row in matrix)
    return x / z, y / z


def product(left: Matrix, right: Matrix) -> Matrix:
    """The matrix that applies `right` first, then `left`."""

    def row(r: tuple[float, float, float]) -> tuple[float, float, float]:
        a, b, c = (r[0] * right[0][n] + r[1] * right[1][n] + r[2] * right[2][n] for n in range(3))
        return a, b, c

    return row(left[0]), row(left[1]), row(left[2])
