"""The toolbox that is made when it is needed, and what it hides."""

from functools import partial

from tests.support.tools import LOOK, ScriptedToolbox
from tui_chat.core.part import ToolCallPart
from tui_chat.core.tool import Toolbox, ToolOutcome
from tui_chat.tools.environment_secrets import without_secrets
from tui_chat.tools.lazy_toolbox import LazyToolbox


async def test_it_is_made_for_the_first_chosen_tool_and_once() -> None:
    made: list[Toolbox] = []

    def make() -> Toolbox:
        made.append(ScriptedToolbox())
        return made[-1]

    toolbox = LazyToolbox(make, str)
    assert await toolbox.offered(()) == () and made == []
    await toolbox.aclose()
    assert await toolbox.offered(("look",)) == (LOOK,) == await toolbox.offered(["look"])
    assert len(made) == 1


async def test_secrets_of_the_environment_are_hidden_in_results() -> None:
    async def run(call: ToolCallPart) -> ToolOutcome:
        return ToolOutcome("the key is sk-0123456789abcdef, twice: sk-0123456789abcdef; short")

    environ = {"OPENAI_API_KEY": "sk-0123456789abcdef", "MY_TOKEN": "short", "HOME": "the key is"}
    toolbox = LazyToolbox(lambda: ScriptedToolbox(run=run), partial(without_secrets, environ))
    outcome = await toolbox.run(LOOK, ToolCallPart("c", "look", "{}"), lambda tail: None)
    hidden = "[OPENAI_API_KEY is hidden]"
    assert outcome.text == f"the key is {hidden}, twice: {hidden}; short"
