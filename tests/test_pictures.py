"""Pictures at the front door: what arrives at the provider, what is refused and why, and what is never opened."""

from __future__ import annotations

import re

import pytest
from PIL import Image, ImageChops, ImageStat

from tests import pictures as p
from tests.badpictures import BAD, LOST
from tests.goodpictures import GOOD, put
from tests.oddpictures import ODD_BAD, ODD_GOOD
from tests.place import ORDER, Place

pytestmark = pytest.mark.anyio
TAKEN, REFUSED = GOOD | ODD_GOOD, BAD | ODD_BAD


def same(content: bytes, wanted: Image.Image, *, exact: bool) -> None:
    """The picture is the wanted one, upright, and there is nothing else in the file."""
    got = p.opened(content)
    assert got.format in ("JPEG", "PNG", "WEBP")
    assert got.size == wanted.size
    bands = ImageStat.Stat(ImageChops.difference(got.convert("RGB"), wanted.convert("RGB")))
    assert max(bands.mean) < (0.01 if exact else 4), bands.mean
    assert p.LEAK.encode() not in content
    assert not dict(got.getexif())
    assert not {"exif", "xmp", "icc_profile", "comment", "XML:com.adobe.xmp", "Author"} & got.info.keys()


@pytest.mark.parametrize("name", TAKEN)
async def test_what_arrives_at_the_provider_is_the_picture_upright_and_nothing_else(place: Place, name: str) -> None:
    good = TAKEN[name]
    value = put(good.put, place)
    async with place.world.client() as agent:
        result = await agent.call("create_wanx_task", **ORDER, image=value)
        assert not result.is_error, result.content
        told, step = result.content[0].text, result.structured_content["next_step"]  # type: ignore[union-attr,index]
    same(place.arrived(), good.wanted(), exact=good.exact)
    if good.kept is not None:
        assert place.arrived() == good.kept
    assert good.says in told
    assert good.says in step
    assert ("note: image was" in step) == bool(good.says)


@pytest.mark.parametrize("name", REFUSED)
async def test_what_cannot_be_sent_is_refused_with_the_reason_before_any_request(place: Place, name: str) -> None:
    bad = REFUSED[name]
    value = put(bad.put, place)
    async with place.world.client() as agent:
        error = await agent.error("create_wanx_task", **ORDER, image=value)
        dry = await agent.error("create_wanx_task", **ORDER, image=value, dry_run=True)
    assert re.match(rf"image_rejected: image [^.]*{bad.why}", error), error
    assert "Charged by this call: no. Next: set image to an https URL" in error
    assert dry == error
    assert not place.world.line.requests
    assert ("attached in a chat" in error) == (bad.why in LOST)


def test_at_least_a_hundred_and_eighty_inputs_are_tried() -> None:
    assert len(TAKEN) + len(REFUSED) >= 180
