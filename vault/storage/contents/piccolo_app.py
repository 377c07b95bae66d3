"""Registers the contents migrations with Piccolo."""

from pathlib import Path

from piccolo.conf.apps import AppConfig

APP_CONFIG = AppConfig(app_name="hvelv_contents", migrations_folder_path=str(Path(__file__).parent / "migrations"))
