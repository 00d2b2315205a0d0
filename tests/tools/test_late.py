"""The toolbox that is made when it is needed, and what it hides."""

from tests.support.tools import LOOK, ScriptedToolbox
from tui_chat.core.part import ToolCallPart
from tui_chat.core.tool import Toolbox, ToolOutcome
from tui_chat.tools.late import LateToolbox
from tui_chat.tools.masking import SecretMask


async def test_it_is_made_for_the_first_chosen_tool_and_once() -> None:
    made: list[Toolbox] = []

    def make() -> Toolbox:
        made.append(ScriptedToolbox())
        return made[-1]

    late = LateToolbox(make, str)
    assert await late.offered(()) == () and made == []
    await late.aclose()
    assert await late.offered(("look",)) == (LOOK,) == await late.offered(["look"])
    assert len(made) == 1


async def test_secrets_of_the_environment_are_hidden_in_results() -> None:
    async def run(call: ToolCallPart) -> ToolOutcome:
        return ToolOutcome("the key is sk-0123456789abcdef, twice: sk-0123456789abcdef; short")

    mask = SecretMask({"OPENAI_API_KEY": "sk-0123456789abcdef", "MY_TOKEN": "short", "HOME": "the key is"})
    late = LateToolbox(lambda: ScriptedToolbox(run=run), mask.masked)
    outcome = await late.run(LOOK, ToolCallPart("c", "look", "{}"), lambda tail: None)
    hidden = "[OPENAI_API_KEY is hidden]"
    assert outcome.text == f"the key is {hidden}, twice: {hidden}; short"
