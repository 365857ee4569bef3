"""Settings of the tests for a worker that gives its mails to the server of MAIL_URL."""

from config.settings.test import *  # noqa: F403
from config.settings.test import env

locals().update(env.mail("MAIL_URL"))
