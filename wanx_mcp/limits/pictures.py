"""Limits of pictures that are sent with an order: bytes, pixels and numbers."""

from __future__ import annotations

# Names end in their unit. MOST_ begins those of numbers.

# What is sent

SENT_BYTES = 10 * 1024 * 1024
"""The provider's limit for an uploaded picture, kept to for inline ones too [contract 7.5]."""

SHORTEST_SIDE_PIXELS = 64
"""A picture with a shorter side is refused: no frame can be made of it."""

LONGEST_SIDE_PIXELS = 1920
"""Longer pictures are scaled down: no video is wider."""

# What is read

FILE_BYTES = 40 * 1024 * 1024
"""Of a local file. A camera's JPEG can be large; it is scaled down before it is sent."""

READ_PIECE_BYTES = 1024 * 1024
"""Of a piece in which a file is read."""

PATH_CHARACTERS = 4096
"""Of a path: no system knows longer ones."""

MOST_PLACES = 32
"""Places that are looked at where the names of folders differ by blanks and marks too."""

MOST_NAMES = 20_000
"""Names of a folder that are compared with one that was not found."""

MOST_NAMES_COMPARED = 5000
"""Of those, names that are measured for their likeness, which takes longer."""

MOST_NEAR_NAMES = 3
"""Names that an error offers in place of one that was not found."""

# What is decoded

PICTURE_MEMORY_BYTES = 900_000_000
"""What decoding and scaling one picture may take beside the file itself. Pictures are decoded one at a time."""

MOST_PASSED_PIXELS = 2_000_000_000
"""Pixels times scans of a JPEG: each scan of a progressive one goes over the whole picture. Most have 10 scans."""

RUN_LENGTH_BYTES = 2_000_000
"""Of a run-length coded BMP. Pillow expands it in Python, at about a microsecond a run."""

MOST_PARTS = 50_000
"""Segments or chunks. Each costs a turn of a loop in Python, here and in Pillow. Cameras and editors write fewer than
10,000."""

MOST_IMAGES = 16
"""Images of a JPEG (MPO) that are compared to find the largest."""

MOST_TIFF_PAGES = 64
"""Pages of a TIFF that are compared to find the largest."""

MOST_TIFF_VALUES = 200_000
"""Of one tag. Pillow makes a Python number of each; a strip for each row of a large picture is far fewer."""

CONTACT_SHEET_PIXELS = 2000
"""The longest side of a picture that is compared with our own contact sheets: those are far smaller."""

FTYP_BYTES = 256
"""Of a file type box that are looked at; real ones have under 60."""
