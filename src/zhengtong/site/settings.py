# SPDX-License-Identifier: Apache-2.0
"""Django settings. What a city sets is an environment variable `ZHENGTONG_…` (docs/reference/settings.md)."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

PACKAGE = Path(__file__).resolve().parent.parent


def _flag(name: str) -> bool:
    return os.environ.get(name, "").lower() in {"1", "true", "yes", "on"}


def _file(name: str) -> str:
    """What the file named by a setting holds; "" where it is not set."""
    path = os.environ.get(name, "")
    return Path(path).read_text().strip() if path else ""


def _hour(name: str, default: str) -> int | None:
    """An hour of the day, 0 to 23; None for `off`."""
    given = os.environ.get(name, default)
    if given == "off":
        return None
    if not given.isdecimal() or int(given) > 23:
        raise ImproperlyConfigured(f"{name}: found {given!r}; expected 0 to 23, or off")
    return int(given)


def _secret(state: Path) -> str:
    """The signing key of sessions: given, or made once and kept in the state folder (mode 600)."""
    given = os.environ.get("ZHENGTONG_SECRET_KEY")
    if given:
        return given
    path = state / "secret-key"
    state.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return path.read_text()


def _city_key(city: Path) -> str:
    """The city's key, after which whichever command begins the log names it; read plainly, checked elsewhere."""
    file = city / "city.yaml"
    lines = file.read_text("utf-8", errors="replace").splitlines() if file.is_file() else []
    return next((line.partition(":")[2].strip().strip("\"'") for line in lines if line.startswith("key:")), "")


ZHENGTONG_STATE = Path(os.environ.get("ZHENGTONG_STATE", "state")).resolve()
ZHENGTONG_CITY = Path(os.environ.get("ZHENGTONG_CITY", ".")).resolve()
ZHENGTONG_DEMO = _flag("ZHENGTONG_DEMO")
ZHENGTONG_PUBLIC_URL = os.environ.get("ZHENGTONG_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
ZHENGTONG_CITY_NAME = _city_key(ZHENGTONG_CITY)
ZHENGTONG_LEDGER_SUITE = os.environ.get("ZHENGTONG_LEDGER_SUITE", "ed25519-sha256")
ZHENGTONG_SEAL_WITHIN_S = int(os.environ.get("ZHENGTONG_SEAL_WITHIN_S", "3600"))
ZHENGTONG_CHECKPOINT_WEBHOOK = os.environ.get("ZHENGTONG_CHECKPOINT_WEBHOOK", "")
ZHENGTONG_AUDIT_HOUR = _hour("ZHENGTONG_AUDIT_HOUR", "2")

ZHENGTONG_TRUSTED_PROXIES = os.environ.get("ZHENGTONG_TRUSTED_PROXIES", "").split(",")
ZHENGTONG_SESSION_IDLE_S = int(os.environ.get("ZHENGTONG_SESSION_IDLE_S", "1800"))
ZHENGTONG_SESSION_LONGEST_S = int(os.environ.get("ZHENGTONG_SESSION_LONGEST_S", "28800"))
ZHENGTONG_FREE_TRIES = int(os.environ.get("ZHENGTONG_FREE_TRIES", "5"))
ZHENGTONG_LONGEST_WAIT_S = int(os.environ.get("ZHENGTONG_LONGEST_WAIT_S", "900"))
ZHENGTONG_TOKEN_DAYS = int(os.environ.get("ZHENGTONG_TOKEN_DAYS", "365"))
ZHENGTONG_API_PER_MINUTE = int(os.environ.get("ZHENGTONG_API_PER_MINUTE", "600"))

SECRET_KEY = _secret(ZHENGTONG_STATE)
DEBUG = _flag("ZHENGTONG_DEBUG")
ALLOWED_HOSTS = os.environ.get("ZHENGTONG_HOSTS", "127.0.0.1,localhost,[::1]").split(",")
HTTPS = _flag("ZHENGTONG_HTTPS")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "django_htmx",
    "zhengtong.ledger",
    "zhengtong.acts",
    "zhengtong.ui",
    "zhengtong.organization",
    "zhengtong.services",
    "zhengtong.evaluation",
]

MIDDLEWARE = [
    "zhengtong.site.proxies.TrustedProxies",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "zhengtong.ui.middleware.FacesMiddleware",
    "zhengtong.organization.sessions.SessionLimits",
]

ROOT_URLCONF = "zhengtong.site.urls"
WSGI_APPLICATION = "zhengtong.site.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "zhengtong.ui.context.faces",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.static", "zhengtong.ui.templatetags.ui"],
        },
    }
]


def _database() -> dict[str, object]:
    """PostgreSQL by URL, else SQLite in the modes that lose no acknowledged write (design: State)."""
    url = os.environ.get("ZHENGTONG_DATABASE_URL")
    if url:
        return {**dj_database_url.parse(url, conn_max_age=600), "DISABLE_SERVER_SIDE_CURSORS": False}
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(ZHENGTONG_STATE / "zhengtong.sqlite3"),
        "CONN_MAX_AGE": 600,
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON",
        },
    }


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "organization.Account"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

EMAIL_HOST = os.environ.get("ZHENGTONG_MAIL_HOST", "")
EMAIL_PORT = int(os.environ.get("ZHENGTONG_MAIL_PORT", "587"))
EMAIL_HOST_USER = os.environ.get("ZHENGTONG_MAIL_USER", "")
EMAIL_HOST_PASSWORD = _file("ZHENGTONG_MAIL_PASSWORD_FILE")
EMAIL_USE_TLS = bool(EMAIL_HOST) and not _flag("ZHENGTONG_MAIL_PLAIN")
EMAIL_TIMEOUT = 20
# Without a mail server letters are kept as files, so that a demo can show them and nothing is lost unseen.
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'filebased'}.EmailBackend"
EMAIL_FILE_PATH = ZHENGTONG_STATE / "mail"
DEFAULT_FROM_EMAIL = os.environ.get("ZHENGTONG_MAIL_FROM", "zhengtong@localhost")

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

STATIC_URL = "static/"
STATIC_ROOT = ZHENGTONG_STATE / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SECURE = HTTPS
CSRF_FAILURE_VIEW = "zhengtong.ui.views.csrf_failure"
SESSION_COOKIE_AGE = ZHENGTONG_SESSION_LONGEST_S
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
CSRF_COOKIE_HTTPONLY = True
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# Whether other sites below the same name speak TLS, the city knows and we do not: HSTS covers this host alone.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"zhengtong": {"level": "INFO"}},
}
