"""How fast the program is, next to simple programs that do the same.

    python -m tests.benchmarks [--quick] [--runs N] [--only NAME] [--subjects bare,markdown,product] [--json PATH]

prints a table: medians of the runs with their extremes, ratios to two baselines measured in the same minutes, and
what each figure must be. The full measurement takes the better part of an hour, --quick about six minutes. Nothing
else should run on the machine meanwhile; the first line shows how much others took. Needs Linux.

Three programs are typed on in a pty of 120 by 40, in turn, each against a model server of its own (server.py) that
streams over loopback HTTP from a second process: the bare SDK loop (the floor), a minimal app on Textual's
MarkdownStream, and tui_chat as `python -m tui_chat --data-dir DIR`. Words that stand nowhere else in the reply
(reply.py) show on the screen which delta has arrived. While a program runs its bytes are only stamped and kept
(terminal.py); what they showed is found out afterwards by an emulator (emulator.py, replay.py).

delta → glass   from the server's write of a delta to the pty read after which it is on the emulated screen with no
                synchronised update open
CPU             user and system time of the program and its children, from the first delta until 0.3 s after the last
                word is drawn; start and a first reply of 300 tokens are over by then
drain           from the first delta of 10,000 sent at once until the last word is on the screen
into the …      the same text again, so many tokens deep in one reply or in one conversation; ÷ start is the ratio to
                the first time in that very run
50 clients      of the server within the app, in a process of their own; ÷ without clients is the ratio to the same
                keys while no client follows; a prompt over HTTP counts from its request until its words are shown
first paint     from the fork until anything is on the screen; the hello-world app stands in the MarkdownStream column
--version …     with `python -c "import typer"` in the column of the bare loop

A run that breaks is named below the table with what stood on its screen, and the command ends with 1.
"""
