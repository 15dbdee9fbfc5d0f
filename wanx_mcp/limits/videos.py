"""Limits of downloads, previews and the process that decodes videos: seconds, bytes, pixels and numbers."""

from __future__ import annotations

# Names end in their unit. MOST_ begins those of numbers.

# One download

VIDEO_BYTES = 2_000_000_000
"""A video of this task's kind has 1 to 50 million; a larger answer is something else."""

DOWNLOAD_SECONDS = 1800.0
"""For a whole video with all tries: 50 million bytes at 28 kB a second."""

STALL_SECONDS = 30.0
"""The longest silence of a media host before the connection counts as broken."""

MEDIA_CONNECT_SECONDS = 8.0
"""For looking a media host up, and again for one connection to it."""

MOST_FRUITLESS_TRIES = 4
"""Tries in a row that bring nothing more, after which a download is given up."""

MOST_TRIES = 40
"""Tries of one download that bring a little each."""

MOST_REDIRECTS = 5
"""Of one link; a store needs one or two."""

BLOCK_BYTES = 512 * 1024
"""Of a block that is written at once."""

MOST_BLOCKS_AHEAD = 2
"""Blocks that may wait for the disk: what is in memory is at most a few of them."""

UNPACKED_BYTES = 256 * 1024
"""Of one unpacked piece: what is compressed can be a thousand times as large."""

REFUSAL_BYTES = 2048
"""Of an answer that are looked at for the reason of a refusal, or for what a file is."""

REFUSAL_SECONDS = 2.0
"""How long the words of a refusal are waited for: they are an extra."""

# One file

PART_SETTLED_SECONDS = 60.0
"""A part file that was written to more recently is never swept: another process may be at work on it."""

MOST_SAME_NAMES = 1000
"""Numbers that are tried behind a name that is taken."""

STEM_CHARACTERS = 100
"""Of a name without its suffix; a longer one is cut."""

STEM_BYTES = 180
"""The same in UTF-8: keeps room for a number and a suffix within the 255 bytes of most systems."""

MOST_PROMPT_WORDS = 6
"""Words of the prompt in a name: enough to recognize a video by."""

INDEX_BYTES = 64 * 1024 * 1024
"""Of the index of a video that are looked into. A minute of video has some 50 kB."""

MOST_BOXES = 100_000
"""Boxes that one walk looks at. An ordinary clip has about fifty, one in fragments a few for each second."""

# The process that decodes

DECODER_MEMORY_BYTES = 512 * 1024 * 1024
"""What one process may use; frames of 4096x4096 pixels take about 300 MB."""

DECODER_START_SECONDS = 8.0
"""Beside the time for decoding: starting takes 0.1 s, and far longer on a busy machine."""

MEMORY_CHECK_SECONDS = 0.05
"""How often the memory in use is measured."""

MOST_DECODERS = 2
"""Processes at once, and each uses up to two processors."""

DECODER_HEADER_BYTES = 64 * 1024
"""Of the answer of such a process before its frames."""

MOST_DECODER_THREADS = 2
"""Each thread of the decoder holds frames of its own."""

MOST_SAMPLES = 2_000_000
"""Over all tracks; an hour at 60 frames a second with sound has less than half a million."""

MOST_TRACKS = 32
"""Of one video. Ordinary ones have one or two."""

MOST_EDITS = 1000
"""Of the edit list of one track. Ordinary ones have one or two."""

SIDE_PIXELS = 8192
"""The longest side of a frame that is decoded."""

FRAME_PIXELS = 4096 * 4096
"""Of one frame: its memory is bounded by that."""

MOVIE_PIXELS = 200_000_000_000
"""Of all frames together: 27 minutes of 1920x1080 at 60 frames a second."""

MOVIE_HOURS = 24
"""The longest video; a longer one has a broken index."""

MOST_FRAMES_AT_ONCE = 1200
"""A clip of at most so many frames is decoded in one go, a longer one around each frame that is wanted."""

MOST_FRAMES_BETWEEN = 300
"""Frames that are decoded at most to reach one that is wanted in a longer clip."""

# Pictures of a video

STILL_PIXELS = 1024
"""The longest side of a frame that is taken from a video for a preview."""

SHEET_PIXELS = 768
"""The longest side of a contact sheet: models scale larger pictures down."""

SHEET_BYTES = 100_000
"""Of a contact sheet. Several hosts cut what a tool answers at 25 000 tokens or some 200 kB of base64, other text
included."""

POSTER_PIXELS = 480
"""The longest side of the picture that a card shows before its video is played."""

POSTER_BYTES = 24_000
"""Of that picture, which every finished task carries."""

POSTER_SECONDS = 3.0
"""For decoding that picture: the result does not wait longer for it."""

# Publishing a finished file

HELD_SECONDS = 5.0
"""How long another program may hold a file. Scanners take a second or two for a video."""

HELD_PAUSE_SECONDS = 0.05
"""Between two tries to publish a file that another program holds."""

OWN_PART_SETTLED_SECONDS = 1.0
"""The same as PART_SETTLED_SECONDS, for a part file of the very video that is about to be fetched."""

WINDOWS_PATH_CHARACTERS = 248
"""Shorter paths of files and folders work on every Windows."""

# Joining videos into a film

JOIN_SECONDS = 1800.0
"""For a whole film: as long as a download may take."""

JOIN_MEMORY_BYTES = 768 * 1024 * 1024
"""What the process that joins may use: it decodes and encodes at the same time."""

FILM_BYTES = 8_000_000_000
"""Of a whole film: 50 clips of 15 s at 1080P take a twentieth of it."""

FILM_PIECE_BYTES = 16 * 1024 * 1024
"""Of one piece that the joining process hands over."""

FILM_FACTS_BYTES = 64 * 1024
"""Of what it says of the film at the end."""

SOUND_LEAD_SECONDS = 30
"""Of silence before the sound of a clip. A clip that declares more is not believed."""
