"""Recognises files that probably hold secrets, by name and by content. Must not open files or repeat a secret."""

import re
from fnmatch import translate
from functools import cache

_NAMES = (
    ".env*",
    "*.env",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "*.jks",
    "*.keystore",
    "*.kdb",
    "*.kdbx",
    "*.ppk",
    "*.asc",
    "*.gpg",
    "*.ovpn",
    "*.tfstate",
    "*.tfvars",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    ".netrc",
    "_netrc",
    ".npmrc",
    ".pypirc",
    ".pgpass",
    ".my.cnf",
    ".htpasswd",
    ".git-credentials",
    ".dockercfg",
    ".vault-token",
    "credentials*",
    "client_secret*.json",
    "service-account*.json",
    "secrets.*",
    "*.secrets",
    "*_history",
    "kubeconfig*",
    "wallet.dat",
    "shadow",
    "master.key",
)
_HARMLESS = ("*.pub", ".env.example", ".env.sample", ".env.template", ".env.dist")
_FOLDERS = frozenset({".ssh", ".gnupg", ".aws", ".kube", ".docker", ".azure", ".password-store", "gcloud"})
"""Folders of credentials: every file in them asks."""
_CONTENTS: tuple[tuple[str, str], ...] = (
    ("a private key", r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY"),
    ("an Anthropic key", r"\bsk-ant-[\w-]{16,}"),
    ("an API key", r"\bsk-(?:proj-|or-v1-|svcacct-)?[A-Za-z0-9_-]{32,}"),
    ("an AWS key", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    ("a GitHub token", r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{40,})"),
    ("a GitLab token", r"\bglpat-[\w-]{20,}"),
    ("a Slack token", r"\bxox[abeoprs]-[\w-]{10,}"),
    ("a Google key", r"\bAIza[\w-]{35}"),
    ("a Stripe key", r"\b[rs]k_live_[A-Za-z0-9]{16,}"),
    ("an npm token", r"\bnpm_[A-Za-z0-9]{36}"),
    ("a Hugging Face token", r"\bhf_[A-Za-z0-9]{30,}"),
    ("a PyPI token", r"\bpypi-[\w-]{50,}"),
    ("a web token (JWT)", r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"),
    ("a password in a URL", r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@'\"]{1,100}:[^\s/@'\"${}<>*]{3,100}@[\w.-]"),
    (
        "a password or key",
        r"(?im)^[ \t]*(?:export[ \t]+)?\w{0,40}(?:password|passwd|secret|api_?key|access_?key|auth_?token)"
        r"[ \t]*[=:][ \t]*['\"]?[^\s'\"${}<>()\[\],;*]{12,}",
    ),
)


# Compiled when the first file is looked at, so that the app starts sooner.
@cache
def _any_of(names: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(translate, names)))


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[bytes]], ...]:
    return tuple((what, re.compile(pattern.encode())) for what, pattern in _CONTENTS)


def has_secret_name(path: str) -> bool:
    """Return whether a path names a file that usually holds secrets."""
    *folders, name = path.replace("\\", "/").lower().split("/")
    if _any_of(_HARMLESS).match(name):
        return False
    return _any_of(_NAMES).match(name) is not None or not _FOLDERS.isdisjoint(folders)


def secret_in(data: bytes) -> str:
    """Return what kind of secret the bytes of a text seem to hold, as `an AWS key`; empty if none is recognised."""
    return next((what for what, pattern in _patterns() if pattern.search(data)), "")
