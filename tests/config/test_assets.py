from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

from config import assets

CSS = """.a{background:url("data:image/svg+xml,%3csvg xmlns='http://www.w3.org/2000/svg'/%3e")}
/*# sourceMappingURL=tabler.min.css.map */"""


def test_pictures_embedded_in_a_style_sheet_become_files(tmp_path):
    text = assets._pictures_unpack(assets.SOURCE_MAP.sub("\n", CSS), folder=tmp_path)

    (picture,) = tmp_path.iterdir()
    assert picture.read_text() == "<svg xmlns='http://www.w3.org/2000/svg'/>"
    assert text == f'.a{{background:url("{picture.name}")}}\n'


def test_what_we_serve_needs_no_picture_from_a_data_address():
    for served in assets.SERVED:
        found = finders.find(served)
        assert found, served
        text = Path(found).read_text()
        assert "sourceMappingURL" not in text
        assert not served.endswith(".css") or "data:image" not in text


@pytest.mark.parametrize("served", sorted(assets.UNCHANGED))
def test_the_gateways_own_library_is_served_byte_for_byte(served):
    found = finders.find(served)

    assert found, served
    source = assets.ROOT / "node_modules" / assets.UNCHANGED[served]
    assert Path(found).read_bytes() == source.read_bytes()


def test_the_gateways_own_library_comes_with_its_licence():
    assert assets.UNCHANGED["globalpayments/LICENSE.md"] == "globalpayments-3ds/LICENSE.md"

    found = finders.find("globalpayments/LICENSE.md")

    assert found
    assert "licen" in Path(found).read_text().lower()
