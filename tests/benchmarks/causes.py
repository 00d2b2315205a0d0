"""Why a figure is above its bar, as profiled; printed below the table where it is."""

_CPU = (
    "42 % are frames of the pane, one for nearly each token (half of that lays out the open block, a quarter builds "
    "rows, a seventh compares and writes them); 28 % read the stream, a third of that in the HTTP library's socket "
    "layer; 9 % are the event loop itself, 9 % saving five times a second, of which two thirds are the commit, "
    "4 % hand events to the screen, 3 % are the footer's frame a second. Without a frame it would be 1.5 times the "
    "bare loop"
)
_OPEN = (
    "the rows take SQLite 30 ms and become objects in 20, unless the library's preview has them already; "
    "10 ms more for heights and sums of all turns, then one frame"
)
CAUSES = {
    "CPU per 1,000 tokens": _CPU,
    "CPU per 1,000 tokens, start of the reply": _CPU,
    "CPU per 1,000 tokens, start of the conversation": _CPU,
    "key echo while streaming p95": (
        "a key takes 3 to 5 ms by itself; it comes into a frame of the pane or the footer, or a garbage collection, "
        "none of which takes 8 ms"
    ),
    "key echo while streaming, the worst": "two such frames in turn, or the processor was taken by another program",
    "longest callback of the loop": "a collection of the middle generation within a frame of the footer",
    "opening 10,000 turns: key → end drawn": _OPEN,
    "memory over an empty one": (
        "the text as Python strings, 12 MB of 5 where a character is an emoji or Chinese; 5 MB of turns, and rows "
        "that are laid out near the visible ones"
    ),
    "import of an export, for 1 GB": (
        "half is the thread that stores: a quarter fills the full-text index and commits it, a tenth inserts turns; "
        "reading is a quarter and the words for the index a seventh, next to it where a second core is free"
    ),
    "huge reply: longest callback of the loop": (
        "a frame lays out for 6 ms and draws what is visible, and the collector runs for 2 to 3 ms within it"
    ),
    "huge reply: key echo, the worst": (
        "a key takes ten turns of the loop, each with a millisecond of deltas, and comes into one or two frames: "
        "13 ms of the processor at the median, 33 at the worst; the rest is the time in which another program has it"
    ),
    "huge reply: memory for each MB": (
        "the text is held by the reply, by the pane and by its sections while it streams, with four bytes for each "
        "character near an emoji; storing and indexing copy it, which takes about as much again"
    ),
    "key echo with 50 clients p95": (
        "a delta is written to 50 sockets in one turn of the loop, up to 3.6 ms, and a key takes about ten turns"
    ),
    "  ÷ without clients: p95": "the same, over 4 ms without clients",
    "drain of 10,000 tokens": "the processor time of the bare loop, of which a part needs a second core that is free",
    "idle CPU": "one wake-up a second that looks at two files; more where another program takes the caches",
    "Esc → closed in mid-stream": "10 ms of patience for the rest of a key sequence, then closing the connection",
    "Esc → closed before the first byte": "10 ms of patience for the rest of a key sequence, then closing it",
    "Esc → closed at 2,000 tokens/s": "10 ms of patience for the rest of a key sequence, then a frame that is drawn",
}
