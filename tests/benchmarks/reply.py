"""A realistic Markdown reply of any length, as tokens; some of them are words that stand nowhere else."""

import re
from collections.abc import Iterator
from itertools import count, islice

MARK = re.compile(r"zq[a-z]{4}")
"""A mark is a made-up word, the same in prose, tables and code, by which a token is known on the screen."""

_TOKEN = re.compile(
    r" ?zq[a-z]{4}| ?[A-Za-z]{1,6}| ?\d{1,3}|\n+ *|[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3]{1,2}|[^\w\s]{1,3}| +|.",
    re.S,
)

_SECTIONS = (
    """## {n}. What the @ parser does

The short @ answer is that @ reads **one byte at a time**, and @ decides after every @ line whether a *block* is \
closed. That is why `feed(@)` costs the @ same at the end of a long @ reply as it did at the start of it. The longer \
answer, with @ measured figures, is in @ and [the notes](https://example.org/notes/{n}) and in the @ appendix; see \
also https://example.org/@ for more.

""",
    """Three @ things follow from @ this:

- The first is **memory**: a @ block is dropped once @ it is drawn
    - except for the @ source, which is kept
    - and the @ widths of @ its columns
        - these are small, about @ bytes a row
- The second is *order*, because @ lines never @ move up
- The third is that `@` may be called twice, and @ nothing happens
    1. once for the text, which is @ raw
    2. once for the @ screen

""",
    """```python
from collections.abc import Iterator

def @(lines: Iterator[str], width: int = {n}) -> list[str]:
    \"\"\"Wrap @ at a width.\"\"\"
    kept = []  # see @
    for number, @ in enumerate(lines):
        if line.startswith("@") and number > {n}:
            kept.append(f"{{number:>4}} @ {{line[:width]}}")
    return kept or ["@"]
```

""",
    """| step | what @ does | cost in µs | share |
|:-----|:------------|-----------:|------:|
| read | @ takes @ from the socket | 12.{n} | 4 % |
| parse | finds @ where @ blocks end | 140 | 41 % |
| lay out | wraps @ at the @ width, **once** | 96 | 28 % |
| draw | writes `@` to the terminal | 91 | 27 % |

""",
    """### 日本語と中文 — {n}

端末では @ 漢字が二つのセルを @ 取ります。だから幅を数えるときは @ 文字数ではなく @ セル数を使います。
宽字符 @ 占两个单元格 @ 所以换行时不能按字符数 @ 计算。한국어도 @ 마찬가지입니다 @ 그래서 셀을 셉니다.

> A quoted @ remark: *measure first*, said @ the reviewer, and then @ measure again.
> Nobody @ disagreed. 🎉

""",
    """Then the @ same in Rust, where @ is checked by the compiler:

```rust
pub fn @(input: &str, limit: usize) -> Result<Vec<String>, Error> {{
    let mut @ = Vec::with_capacity(limit); // @
    for (number, line) in input.lines().enumerate().take({n}) {{
        match @.trim() {{
            "" => continue,
            "@" => return Err(Error::Stopped(number)),
            other => kept.push(format!("@ {{other}}")),
        }}
    }}
    Ok(kept)
}}
```

""",
    """1. Install it with `pip install @` and start the @ program. ✅
2. Press the @ key 🔑 and wait until @ is shown.
   - On a slow line @ this @ takes a second 🐢.
   - On a fast one @ you will @ not see it 🚀.
3. Read the @ answer 👩‍💻, and then ~~believe~~ **check** @ it.
- [x] done with @
- [ ] still to @ do

""",
    """```javascript
export async function @(url, {{ signal, retries = {n} }} = {{}}) {{
  const @ = await fetch(`${{url}}/@`, {{ signal }});
  if (!response.ok) throw new Error("@ " + response.status);
  return response.json(); // @
}}
```

```sql
SELECT @.id, count(*) AS @ FROM turns AS t
 WHERE t.text LIKE '%@%' AND @.position > {n}
 GROUP BY t.id ORDER BY @ DESC LIMIT 20;
```

""",
    """#### When it goes wrong

If the @ connection drops, the @ reply is kept as @ it is; @ nothing is thrown away. You will then @ see a line \
that says *interrupted*, and a key that @ continues. It's @ worth knowing @ that @ a retry makes a **sibling**, so \
the @ older text stays.

```bash
for file in src/@/*.md; do
    wc -w "$file" | sort -n >> /tmp/@.txt  # {n} words
done
```

```json
{{
  "name": "@",
  "limit": {n},
  "nested": {{"@": [0], "values": [1, 2.5, null, true], "label": "@"}}
}}
```

---

""",
)


def mark(number: int) -> str:
    """The made-up word of that number."""
    letters = ""
    for _ in range(4):
        number, letter = divmod(number, 26)
        letters = chr(ord("a") + letter) + letters
    return "zq" + letters


def text(marks: Iterator[int]) -> Iterator[str]:
    """Sections without end, each mark used once."""
    for number in count(1):
        for section in _SECTIONS:
            pieces = section.format(n=number).split("@")
            yield "".join(piece + mark(next(marks)) for piece in pieces[:-1]) + pieces[-1]


def tokens(amount: int, marks: Iterator[int]) -> list[str]:
    """That many tokens and a few more, which close what is open and end on a mark."""
    made = list(islice((token for section in text(marks) for token in _TOKEN.findall(section)), amount))
    if sum(token == "```" for token in made) % 2:
        made += ["\n", "```"]
    return [*made, "\n\n", "The", " end", " " + mark(next(marks))]
