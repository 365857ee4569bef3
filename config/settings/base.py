"""What every environment shares. Values that differ come from the environment, through one reader: `config.env`."""

from pathlib import Path
from urllib.parse import urlsplit

from config.env import Env
from oropay.limits import LIMITS

BASE_DIR = Path(__file__).resolve().parent.parent.parent
env = Env()

SECRET_KEY = env.secret("SECRET_KEY", at_least=32)
DEBUG = False
PRODUCTION = False
"""True only in `prod`: demo data and other conveniences refuse to run there."""
ALLOWED_HOSTS = env.names("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env.names("CSRF_TRUSTED_ORIGINS")

# --- Applications, upper floors last (the map of the house is in README.md) ------------------------------------------

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "backoffice.apps.BackOfficeAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "django_htmx",
    "rest_framework",
    "pgtrigger",
    "pghistory",
    "plumbing",
    "commerce",
    "ledger",
    "oropay",
    "checkout",
    "invoices",
    "reconciliation",
    "storefront",
    "backoffice.apps.BackofficeConfig",
    "api",
    "config",  # for its commands: the demo company
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "storefront.csp.ContentSecurityPolicyMiddleware",  # above the rest, so that every answer below carries a policy
    "django.contrib.sessions.middleware.SessionMiddleware",
    "storefront.middleware.WebsiteMiddleware",  # host → website, which decides the language
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "backoffice.clock.ZoneMiddleware",  # back-office pages in the time zone of the reader's organization
    "storefront.middleware.SeatMiddleware",  # person → the companies they act for on this website
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "pghistory.middleware.HistoryMiddleware",  # who changed it, for the audit rows
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [  # before allauth's and Unfold's own pages
            BASE_DIR / "storefront" / "templates",
            BASE_DIR / "backoffice" / "templates",
        ],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "storefront.context.chrome",
            ],
        },
    },
]

# --- Servers ---------------------------------------------------------------------------------------------------------

DATABASES = {"default": env.database("DATABASE_URL") | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}}
REDIS_URL = env.redis("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "oropay-cache",
        "OPTIONS": {"socket_connect_timeout": 2, "socket_timeout": 2},
    }
}

# --- People ----------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "commerce.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "storefront.accounts.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "storefront.forms.accounts.LoginForm",
    "reset_password": "storefront.forms.accounts.ResetPasswordForm",
}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # seats are given by the company's own administrator, not taken
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # nobody gets mail because a stranger typed their address
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": "10/m/ip,5/5m/key"}
ALLAUTH_TRUSTED_PROXY_COUNT = env.number("TRUSTED_PROXY_COUNT", default=0, most=10)

SESSION_ENGINE = "django.contrib.sessions.backends.db"  # losing the cache logs nobody out
# Names of our own: the sandbox runs on another port of the same host, and cookies do not know ports.
SESSION_COOKIE_NAME = "oropay_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"  # "Strict" would log the buyer out on the way back from the bank's page
CSRF_FAILURE_VIEW = "config.errors.csrf_failure"
CSRF_COOKIE_NAME = "oropay_csrf"
CSRF_COOKIE_HTTPONLY = True  # forms and htmx carry the token from the page, never from the cookie
CSRF_COOKIE_SAMESITE = "Lax"

# --- Browser ---------------------------------------------------------------------------------------------------------

X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [folder for folder in [BASE_DIR / "assets"] if folder.is_dir()]  # made by `make assets`
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},  # files are rows (plumbing.Document)
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

HOSTED_FIELDS_URL = env.address("HOSTED_FIELDS_URL", default="https://js.globalpay.com/4.1.11/globalpayments.js")
"""The gateway's hosted-fields loader: the only foreign script, on pages with a card form."""
GATEWAY_ORIGIN = env.address("GATEWAY_ORIGIN", default="{0.scheme}://{0.netloc}".format(urlsplit(HOSTED_FIELDS_URL)))
"""What the content security policy of those pages lets in beside ourselves."""

THREEDS_ORIGINS = env.names("THREEDS_ORIGINS")
"""Banks' 3-D Secure pages that are not reached by https: the sandbox's. Every https page is let in anyhow."""

WEBSITE_SCHEME = "https"
"""With the website's domain and WEBSITE_PORT, the start of every link in mail and documents."""
WEBSITE_PORT = ""
WEBSITE_FALLBACK = False
"""Development: a host that no website claims shows the default website instead of 404."""

# --- Back-office (django-unfold) -------------------------------------------------------------------------------------

UNFOLD = {
    "SITE_TITLE": "OroPay",
    "SITE_HEADER": "OroPay",
    "SITE_SUBHEADER": "Back-office",
    "SITE_SYMBOL": "account_balance",
    "SITE_URL": "/",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "backoffice.theme.icon"}],
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "6px",
    "COLORS": "backoffice.theme.colors",
    "ENVIRONMENT": "backoffice.theme.environment",
    "STYLES": ["backoffice.theme.stylesheet"],
    "SCRIPTS": ["backoffice.theme.script"],
    "SIDEBAR": {"navigation": "backoffice.menu.navigation"},
    "TABS": "backoffice.menu.tabs",
    "DASHBOARD_CALLBACK": "backoffice.dashboard.context",
}

# --- Language and time -----------------------------------------------------------------------------------------------

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en-us"
LOCALE_PATHS = [BASE_DIR / "locale"]

# --- Mail ------------------------------------------------------------------------------------------------------------

locals().update(env.mail("MAIL_URL", default="smtp://localhost:25"))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", default="OroPay <no-reply@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# --- Celery: messages are hints, rows are the truth ------------------------------------------------------------------

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 2, "socket_timeout": 10, "socket_keepalive": True}
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ACKS_LATE = False  # on receipt: a message is never delivered twice, a lost one is swept up
CELERY_TASK_IGNORE_RESULT = True
CELERY_RESULT_BACKEND = None
CELERY_TASK_PUBLISH_RETRY = False  # a page must not wait for the broker; the sweep publishes again
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# SIGTERM lets a worker end what runs. SIGQUIT ends it after this, longer than connect + read time-out of one call.
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 40
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "config.beat:DoesItself"  # no queue, and so nothing that could be ahead of the sweep
CELERY_BEAT_MAX_LOOP_INTERVAL = 1
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "plumbing.tasks.sweep", "schedule": 2.0},
    # Announced often, done once a period: whoever claims the period adds its job.
    "periodic": {"task": "plumbing.tasks.periodic", "schedule": 10.0},
}

PERIODIC_KEPT_FOR = env.seconds("PERIODIC_KEPT_FOR", default="604800")

# --- The payment module ----------------------------------------------------------------------------------------------

GATEWAYS = {"globalpayments": "oropay.gateway.globalpayments.adapter.GlobalPaymentsGateway"}

OROPAY_GATEWAY_ALLOW_HTTP = env.flag("OROPAY_GATEWAY_ALLOW_HTTP")

OROPAY_RETURN_RATE_SAMPLE = env.number("OROPAY_RETURN_RATE_SAMPLE", default=50, least=1)
OROPAY_ACCOUNT_CHECK = env.text("OROPAY_ACCOUNT_CHECK", default="oropay.accountcheck.FormCheck")

OROPAY_VAULT_PUBLIC_KEYS = env.key_ring("OROPAY_VAULT_PUBLIC_KEYS", default="")
OROPAY_VAULT_PRIVATE_KEYS = env.key_ring("OROPAY_VAULT_PRIVATE_KEYS", default="")
OROPAY_SECRETBOX_KEYS = env.key_ring("OROPAY_SECRETBOX_KEYS", default="")
OROPAY_FINGERPRINT_KEY = env.key("OROPAY_FINGERPRINT_KEY", default="")

OROPAY_SEND_WITHIN = env.seconds("OROPAY_SEND_WITHIN", default="10")
OROPAY_CONNECT_TIMEOUT = env.seconds("OROPAY_CONNECT_TIMEOUT", default="5")
OROPAY_READ_TIMEOUT = env.seconds("OROPAY_READ_TIMEOUT", default="30")
OROPAY_LOOKUP_READ_TIMEOUT = env.seconds("OROPAY_LOOKUP_READ_TIMEOUT", default="5")
OROPAY_LEASE_MARGIN = env.seconds("OROPAY_LEASE_MARGIN", default="5")
OROPAY_RESEND_AFTER = env.seconds("OROPAY_RESEND_AFTER", default="10")
OROPAY_SEND_TRIES = env.number("OROPAY_SEND_TRIES", default=3, least=1)
OROPAY_GIVE_UP_AFTER = env.seconds("OROPAY_GIVE_UP_AFTER", default="60")
OROPAY_LOOKUP_STEPS = env.steps("OROPAY_LOOKUP_STEPS", default="2,5,15,30,60,120,300,900,3600")
OROPAY_WAKE_PAUSE = env.seconds("OROPAY_WAKE_PAUSE", default="60")
OROPAY_ABSENT_GAP = env.seconds("OROPAY_ABSENT_GAP", default="10")
OROPAY_GIVE_BACK_STEPS = env.steps("OROPAY_GIVE_BACK_STEPS", default="30,300,3600")
OROPAY_REREAD_REVIEW = env.seconds("OROPAY_REREAD_REVIEW", default="900")
OROPAY_REREAD_PENDING = env.seconds("OROPAY_REREAD_PENDING", default="86400")
OROPAY_REVIEW_ALERT_AFTER = env.seconds("OROPAY_REVIEW_ALERT_AFTER", default="86400")
OROPAY_REVIEW_CANCEL_AFTER = env.seconds("OROPAY_REVIEW_CANCEL_AFTER", default="518400")
OROPAY_WATCH_STEPS = env.steps("OROPAY_WATCH_STEPS", default="60,600,3600,21600")
OROPAY_WATCH_FOR = env.seconds("OROPAY_WATCH_FOR", default="7776000")
OROPAY_WEBHOOK_ORIGIN = env.address("OROPAY_WEBHOOK_ORIGIN", default="")
OROPAY_WEBHOOKS_PER_INTEGRATION = env.number("OROPAY_WEBHOOKS_PER_INTEGRATION", default=12_000, least=1)
OROPAY_WEBHOOKS_PER_ADDRESS = env.number("OROPAY_WEBHOOKS_PER_ADDRESS", default=6_000, least=1)
OROPAY_NOTIFICATION_STEPS = env.steps("OROPAY_NOTIFICATION_STEPS", default="5,30,120,600,3600,21600")
OROPAY_DRIFT_DAYS = env.number("OROPAY_DRIFT_DAYS", default=10, least=1, most=90)
OROPAY_NOTIFICATIONS_KEEP = env.seconds("OROPAY_NOTIFICATIONS_KEEP", default="7776000")
OROPAY_NOTIFICATIONS_KEEP_UNVERIFIED = env.seconds("OROPAY_NOTIFICATIONS_KEEP_UNVERIFIED", default="2592000")
OROPAY_DISPUTE_PULL_DAYS = env.number("OROPAY_DISPUTE_PULL_DAYS", default=14, least=1)
OROPAY_DISPUTE_WARN_BEFORE = env.seconds("OROPAY_DISPUTE_WARN_BEFORE", default="432000")
OROPAY_DISPUTE_STEPS = env.steps("OROPAY_DISPUTE_STEPS", default="10,60,300,1800,7200")
OROPAY_DISPUTE_GIVE_UP_BEFORE = env.seconds("OROPAY_DISPUTE_GIVE_UP_BEFORE", default="14400")
OROPAY_DISPUTE_DOCUMENTS = env.number("OROPAY_DISPUTE_DOCUMENTS", default=10, least=1)
OROPAY_DISPUTE_DOCUMENT_BYTES = env.number("OROPAY_DISPUTE_DOCUMENT_BYTES", default=375_000, least=1)
OROPAY_INSTRUMENT_UNDO = env.seconds("OROPAY_INSTRUMENT_UNDO", default="900")
OROPAY_INSTRUMENT_STEPS = env.steps("OROPAY_INSTRUMENT_STEPS", default="10,60,300,1800,7200,21600,86400")
OROPAY_HOLD_LASTS = env.seconds("OROPAY_HOLD_LASTS", default="604800")
OROPAY_RENEW_BEFORE = env.seconds("OROPAY_RENEW_BEFORE", default="14400")
OROPAY_RENEWALS = env.number("OROPAY_RENEWALS", default=4, least=0)
OROPAY_APPROVAL_EXPIRES = env.seconds("OROPAY_APPROVAL_EXPIRES", default="259200")
OROPAY_VERDICT_AFTER = env.seconds("OROPAY_VERDICT_AFTER", default="86400")
OROPAY_CIRCUIT_FAILURES = env.number("OROPAY_CIRCUIT_FAILURES", default=5, least=1)
OROPAY_CIRCUIT_WINDOW = env.seconds("OROPAY_CIRCUIT_WINDOW", default="60")
OROPAY_CIRCUIT_PAUSE = env.seconds("OROPAY_CIRCUIT_PAUSE", default="15")
OROPAY_AUTHENTICATION_WITHIN = env.seconds("OROPAY_AUTHENTICATION_WITHIN", default="900")
OROPAY_AUTHENTICATION_WAIT = env.seconds("OROPAY_AUTHENTICATION_WAIT", default="10")
OROPAY_ADDED_WAIT = env.seconds("OROPAY_ADDED_WAIT", default="4")
OROPAY_AUTHENTICATION_CALLS = env.number("OROPAY_AUTHENTICATION_CALLS", default=60, least=1)
OROPAY_VELOCITY = env.limits("OROPAY_VELOCITY", default=LIMITS)
OROPAY_VELOCITY_SMALL_AMOUNT = env.number("OROPAY_VELOCITY_SMALL_AMOUNT", default=5)
OROPAY_VELOCITY_PAUSE = env.seconds("OROPAY_VELOCITY_PAUSE", default="30")
OROPAY_VELOCITY_LOCK_FOR = env.seconds("OROPAY_VELOCITY_LOCK_FOR", default="3600")

# --- REST ------------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "COERCE_DECIMAL_TO_STRING": True,
}

# --- Logs and error reports: never a request body --------------------------------------------------------------------

DEFAULT_EXCEPTION_REPORTER_FILTER = "config.reporting.NothingPersonal"
LOG_LEVEL = env.text("LOG_LEVEL", default="INFO").upper()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "config.reporting.OneLine", "format": "%(asctime)s %(levelname)s %(name)s %(message)s"}
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "stream": "ext://sys.stdout"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        "django.server": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        # INFO would be two lines for every sweep, every two seconds.
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
    },
}
