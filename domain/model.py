"""The base of every frozen model: closed to unknown fields, hashable by value, safe to share between threads."""

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """A value of the business: immutable, unknown fields refused (an unseen field could carry unseen meaning)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
