"""The settings of tests, of a process that was not given one of its keys."""

import os

from config.settings.test import *  # noqa: F403

locals()[os.environ["WITHOUT_KEY"]] = ""
