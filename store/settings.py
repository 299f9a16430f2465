"""Configuration by environment, `MANDATE_*`; at start an unknown or bad value stops the process (README table)."""

import os
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.errors import Invalid
from store.setting_values import Address, Build, DatabaseUrl, Place, Seconds, StoreUrl

PREFIX = "MANDATE_"
RUNTIME_CATALOG = "runtime-catalog"


class Settings(BaseSettings):
    """Everything that an installation can set. Durations are seconds."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    mode: Literal["production", "development"] = "production"
    database_url: DatabaseUrl = "sqlite:///mandate.db"
    owner_database_url: DatabaseUrl | None = None
    """Where migrations log in; the application's own login cannot change tables (D5). Default: the same database."""
    files_dir: Path = Path("files")
    api_host: str = "127.0.0.1"
    api_port: Annotated[int, Field(ge=0, le=65535)] = 8700
    public_url: Address = "http://127.0.0.1:8700"
    temporal_address: Place = "127.0.0.1:7233"
    temporal_ui_url: Address = "http://127.0.0.1:8233"
    deployment: Build | None = None
    """`name:build` turns worker versioning on (D8)."""
    sweep_interval: Seconds = 5.0
    worker_cache: Annotated[int, Field(ge=10)] = 200
    runtime_catalog_url: Address | None = None
    """The target system of releases; without one a release needs no delivery."""
    delivery_timeout: Annotated[Seconds, Field(le=30)] = 10.0
    """For each answer of a target system; a delivery waits for up to four, and has three minutes."""
    audit_key_file: Path | None = None
    """Private key that signs checkpoints and evidence packages; it is made if there is none. Without it: neither."""
    checkpoint_dir: Path = Path("checkpoints")
    checkpoint_interval: Seconds = 3600.0
    snapshot_url: StoreUrl = "snapshots"
    """Where snapshots of business records are kept: a folder, or an object store by its fsspec URL (D14a)."""
    snapshot_interval: Seconds = 300.0
    reconciliation_interval: Seconds = 300.0
    analysis_memory: Annotated[str, Field(pattern="^[1-9][0-9]*(MB|GB)$")] = "1GB"
    analysis_threads: Annotated[int, Field(ge=1, le=256)] = 2
    analysis_few: Annotated[int, Field(ge=0)] = 500
    """Up to so many affected quotes a change is simulated quote by quote; beyond, on a snapshot."""
    oidc_issuer: Address | None = None
    oidc_audience: str | None = None
    oidc_client_id: str | None = None
    oidc_client_secret: str | None = None
    body_limit: Annotated[int, Field(ge=1024)] = 2_000_000
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @model_validator(mode="after")
    def _development_stays_on_loopback(self) -> "Settings":
        if self.mode == "development" and self.api_host not in ("127.0.0.1", "::1", "localhost"):
            raise ValueError("development mode listens on loopback only; set MANDATE_API_HOST=127.0.0.1")
        return self

    @model_validator(mode="after")
    def _tokens_are_meant_for_this_installation(self) -> "Settings":
        if self.oidc_issuer and not self.audience:
            raise ValueError("with an issuer set MANDATE_OIDC_AUDIENCE or MANDATE_OIDC_CLIENT_ID: whose tokens count")
        return self

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of the target systems that releases and imports are delivered to."""
        return (RUNTIME_CATALOG,) if self.runtime_catalog_url else ()

    @property
    def audience(self) -> str | None:
        """For whom a bearer token has to be meant; the issuer's tokens for other clients are not accepted (D15)."""
        return self.oidc_audience or self.oidc_client_id


@cache
def settings() -> Settings:
    """The settings of this process. Raises Invalid("bad_configuration") naming every bad or unknown variable."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    problems = [f"{name}: unknown setting" for name in os.environ if name.startswith(PREFIX) and name not in known]
    try:
        loaded = Settings()
    except ValidationError as error:
        problems += [_fault(fault) for fault in error.errors(include_url=False, include_input=False)]
    if problems:
        raise Invalid("bad_configuration", "; ".join(sorted(problems)), problems=sorted(problems))
    return loaded


def _fault(fault: object) -> str:
    assert isinstance(fault, dict)
    name = PREFIX + "_".join(str(part) for part in fault["loc"]).upper()
    said = str(fault["msg"]).removeprefix("Value error, ")
    return f"{name}: {said}" if fault["loc"] else said
