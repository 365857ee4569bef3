"""Tests: real servers, small time-outs."""

import os

os.environ.setdefault("SECRET_KEY", "only-for-tests")
os.environ.setdefault("DATABASE_URL", "postgres://postgres@127.0.0.1:55432/oropay")
os.environ.setdefault("REDIS_URL", "redis://127.0.0.1:56379/0")

from config.settings.base import *  # noqa: E402, F403

ALLOWED_HOSTS = ["*"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
