"""An order: one job as a person asks for it, and the root step that it becomes."""

from __future__ import annotations

from dataclasses import dataclass

import typer

from clipmill import identifiers, messages, pipeline
from clipmill.messages import Pipeline, Step
from clipmill_cli.origin import Link, Origin


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be done with one link or file, and for whom."""

    job_id: str
    origin: Origin
    pipeline: Pipeline
    sender: str | None = None
    noreply: bool = False
    reply_to: str | None = None

    def root_step(self, key: str | None) -> Step:
        """The job's first step; `key` names the file in the store, where the job begins with one."""
        return Step(
            job_id=self.job_id,
            id=identifiers.step_id(self.job_id, "download"),
            link=self.origin.url if isinstance(self.origin, Link) else None,
            file_path=key,
            sender=self.sender,
            noreply=self.noreply,
            reply_to=self.reply_to,
            pipeline=self.pipeline,
            submitted_at=messages.now(),
        )


def read_pipeline(text: str | None) -> Pipeline:
    """The pipeline as it was typed. Raises typer's usage error."""
    try:
        return pipeline.DEFAULT if text is None else pipeline.parse(text)
    except ValueError as mistake:
        raise typer.BadParameter(str(mistake), param_hint="--pipeline") from None
