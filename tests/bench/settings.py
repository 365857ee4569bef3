"""The settings of the tests, with production's waiting times and one address more: the view to compare with."""

import os

# The tests wait a tenth of this. On a busy machine a payment would then be given up before its turn comes.
os.environ |= {
    "OROPAY_SEND_WITHIN": "10",
    "OROPAY_CONNECT_TIMEOUT": "5",
    "OROPAY_READ_TIMEOUT": "30",
    "OROPAY_LOOKUP_READ_TIMEOUT": "5",
    "OROPAY_LEASE_MARGIN": "5",
    "OROPAY_RESEND_AFTER": "10",
    "OROPAY_LOOKUP_STEPS": "2,5,15,30,60,120,300,900,3600",
    "OROPAY_WAKE_PAUSE": "60",
    "OROPAY_ABSENT_GAP": "10",
    # The benchmark of lost answers wants two hundred payments in flight; the circuit would let out a handful.
    "OROPAY_CIRCUIT_FAILURES": "1000",
    # One machine sends more here than any gateway would.
    "OROPAY_WEBHOOKS_PER_INTEGRATION": "1000000000",
    "OROPAY_WEBHOOKS_PER_ADDRESS": "1000000000",
}

from config.settings.test import *  # noqa: F403

ROOT_URLCONF = "tests.bench.urls"
