"""Registers the control migrations with Piccolo."""

from pathlib import Path

from piccolo.conf.apps import AppConfig

APP_CONFIG = AppConfig(app_name="hvelv_control", migrations_folder_path=str(Path(__file__).parent / "migrations"))
