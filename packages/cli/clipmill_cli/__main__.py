"""`python3 -m clipmill_cli`: the clipmill command."""

from clipmill_cli.main import app

app(prog_name="clipmill")
