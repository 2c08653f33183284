"""The page's languages: every word in the templates has its Portuguese, and the reader's wish is understood."""

import re
from pathlib import Path

import pytest

from clipmill_manager.web import words

TEMPLATES = Path(words.__file__).parent / "templates"
SAME = {"Broker", "Site", "Worker", "Workers"}


def test_every_word_of_the_templates_is_translated() -> None:
    text = " ".join(file.read_text() for file in TEMPLATES.iterdir())
    said = {double or single for double, single in re.findall(r"""\bt\((?:"([^"]+)"|'([^']+)')\)""", text)}
    translate = words.translator("pt-BR")
    assert len(said) > 40
    assert {word for word in said if translate(word) == word} <= SAME


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("pt-BR,pt;q=0.9,en;q=0.8", "pt-BR"),
        ("pt", "pt-BR"),
        ("en-GB,pt;q=0.5", "en"),
        ("de,fr", "en"),
        ("", "en"),
        ("," * 10_000, "en"),
    ],
)
def test_the_readers_language_is_chosen(accepted: str, language: str) -> None:
    assert words.language_of(accepted) == language
