"""A handler that has yt-dlp solve a JavaScript challenge, as YouTube sets them, with quickjs. Runs inside machines."""

from pathlib import Path
from typing import Any

from yt_dlp import YoutubeDL
from yt_dlp.extractor.youtube.jsc._builtin.quickjs import QuickJSJCP
from yt_dlp.extractor.youtube.jsc.provider import JsChallengeRequest, JsChallengeType, NChallengeInput

from clipmill.messages import Step
from clipmill.outcome import Done, Outcome
from clipmill.workspace import Workspace
from clipmill_download import guard
from clipmill_download.options import options

# The shape that the solver looks for in YouTube's player. This one turns a challenge round.
PLAYER = """(function() {
  class Address {
    constructor() { this.fields = new Map(); }
    set(key, value) { this.fields.set(key, value); }
    get(key) { return this.fields.get(key); }
    turn() { this.fields.set("n", [...this.fields.get("n")].reverse().join("")); }
  }
  var make = function(url, name, signature) {
    var made = new Address();
    made.set("alr", "yes");
    if (signature) made.set(name, signature);
    return made;
  };
}).call(this);"""
CHALLENGE, SOLUTION = "ytidlp123", "321pldity"


class Solver(QuickJSJCP):  # type: ignore[misc]  # yt-dlp has no types
    """yt-dlp's own, with a player of ours: YouTube's would be fetched."""

    def _get_player(self, *_: Any) -> str:
        return PLAYER


class _Logger:
    """yt-dlp's provider tells it what it does."""

    prefix = "challenge"

    def __getattr__(self, _: str) -> Any:
        return lambda *words, **more: None


def handle(step: Step, workspace: Workspace) -> Outcome:
    """The solution becomes the step's artifact."""
    with guard.standing(workspace.settings.download_deny_networks):
        extractor = YoutubeDL(options(workspace.path, [])).get_info_extractor("Youtube")
        asked = NChallengeInput(player_url="https://www.youtube.com/s/player/x/base.js", challenges=[CHALLENGE])
        request = JsChallengeRequest(type=JsChallengeType.N, input=asked, video_id="x")
        (answer,) = Solver(extractor, _Logger(), {}).bulk_solve([request])
        if answer.error:
            raise answer.error
    path: Path = workspace.path / "solution.txt"
    path.write_text(answer.response.output.results[CHALLENGE])
    return Done((workspace.artifact(path),))
