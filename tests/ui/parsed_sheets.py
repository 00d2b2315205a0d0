"""A cache of style sheets for all apps of a run: Textual parses them for each app, a sixth of a test's time."""

from collections.abc import Mapping, Sequence

from textual.css import stylesheet
from textual.css.model import RuleSet
from textual.css.tokenizer import Token
from textual.css.types import CSSLocation


class ParsedSheets:
    """Parses each style sheet once for each set of variables, which are those of a theme."""

    def __init__(self) -> None:
        self._parse = stylesheet.parse
        self._rules: dict[tuple[object, ...], list[RuleSet]] = {}
        self._variables: Mapping[str, Sequence[Token]] | None = {}
        self._values: tuple[object, ...] = ()

    def parse(
        self,
        scope: str,
        css: str,
        read_from: CSSLocation,
        *,
        variable_tokens: dict[str, list[Token]] | None = None,
        is_default_rules: bool = False,
        tie_breaker: int = 0,
    ) -> list[RuleSet]:
        if variable_tokens is not self._variables:
            self._variables = variable_tokens
            self._values = tuple((name, *(t.value for t in found)) for name, found in (variable_tokens or {}).items())
        key = (scope, css, read_from, self._values, is_default_rules, tie_breaker)
        if key not in self._rules:
            parsed = self._parse(
                scope,
                css,
                read_from,
                variable_tokens=variable_tokens,
                is_default_rules=is_default_rules,
                tie_breaker=tie_breaker,
            )
            self._rules[key] = list(parsed)
        return self._rules[key]
