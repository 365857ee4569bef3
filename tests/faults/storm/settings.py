"""The settings of the tests for the processes of a storm: watched transactions are looked at often, workers may die.

Answers are lost all the time: what is unknown is not asked for together as often as the other times here would suggest.
"""

import os

os.environ |= {  # whoever starts a storm from a test has the settings of tests in the environment
    "OROPAY_VERDICT_AFTER": "8",
    "OROPAY_AUTHENTICATION_WITHIN": "40",
    "OROPAY_WAKE_PAUSE": "60",
    "OROPAY_WATCH_STEPS": "3,6,9,12,15,18,21,24,27,30,60,120,300",
}

from config.settings.test import *  # noqa: F403
from config.settings.test import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults.storm.crashing.Crashing"]
