"""Characters that look like others: quotation marks of all scripts, and letters that could spell our labels."""

from __future__ import annotations

MARKS = frozenset(
    "\"'`"  # and those of the Unicode categories Pi and Pf
    "\u00b4\u02b9\u02ba\u02ee\u055a\u05f3\u05f4\u2032\u2033\u2034\u2035\u2036\u2037\u2057\u201a\u201e"
    "\u275b\u275c\u275d\u275e\u275f\u2760\u276e\u276f\u2e42\u3003\u300c\u300d\u300e\u300f\u301d\u301e"
    "\u301f\ufe41\ufe42\ufe43\ufe44\uff02\uff07\uff62\uff63\U0001f676\U0001f677\U0001f678"
)
"""Characters that read as quotation marks."""

LETTERS = {
    lookalike: plain
    for plain, lookalikes in {
        "a": "\u0430\u03b1\u1d00",
        "b": "\u0432\u044c\u03b2\u0299",
        "c": "\u0441\u03f2\u1d04",
        "d": "\u0501\u1d05",
        "e": "\u0435\u03b5\u1d07",
        "g": "\u0581\u0261\u0262",
        "h": "\u04bb\u043d\u029c",
        "i": "\u0456\u03b9\u0131\u0269\u026a",
        "l": "\u04cf\u029f",
        "n": "\u043f\u03bd\u03b7\u0274",
        "r": "\u0433\u0280",
        "s": "\u0455\ua731",
        "t": "\u0442\u03c4\u1d1b",
        "x": "\u0445\u03c7",
        "y": "\u0443\u04af\u03b3\u03c5\u028f",
        ":": "\u02d0\u02f8\u0589\u05c3\u0703\u0704\u1361\u16ec\u205a\u2236\u2806\ua789",
    }.items()
    for lookalike in lookalikes
}
"""Letters (in lower case) and colons of other alphabets, and the plain character that each looks like."""
