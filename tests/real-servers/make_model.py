"""Writes a tiny language model that recites scripts, and the oracle that says what it will recite.

    python3 make_model.py OUT_DIR      # scripted.gguf, expected.json, one Modelfile per script for Ollama

The network is a one-layer Llama whose embeddings are one-hot, whose attention and feed-forward outputs are zero, and
whose output matrix is a table "token -> next token". Any server that loads it must say exactly the script's bytes, at any
temperature, with a known number of tokens. The last token of the prompt, appended by the chat template, picks the script.
Everything is computed here, with the standard library alone: no weights come from anywhere.
"""
import json
import pathlib
import sys

from gguf_file import F32, write_gguf

# Each script is its tokens. A token may occur once over all scripts, for the table knows only one successor of each; none
# is a single byte, for those spell the prompts. Cuts are awkward on purpose: inside characters, addresses and numbers.
SCRIPTS = {
    "say": [b"Hello", b" from", b" a tiny", b" model", b": caf\xc3", b"\xa9, \xe2", b"\x98\x83", b" and ", b"\xf0\x9f", b"\x98\x80",
            b"; 1 <", b" 2 &", b" 3 >", b" 2.", b" Done."],
    "call": [b"<tool", b"_call>", b'\n{"na', b'me": "', b"get_", b"weat", b'her", "arg', b"uments", b'": {"ci', b'ty": "Z\xc3', b"\xbcri", b'ch", "un',
             b'it": ', b'"cel', b'sius"}', b"}\n</to", b"ol_ca", b"ll>"],
    "think": [b"<thi", b"nk>\n", b"Six sev", b"ens are", b" forty", b"-two.", b"\n</th", b"ink>", b"\n\nThe", b" answer", b" is 4", b"2."],
    "pii": [b"Write to an", b"a.", b"ru", b"iz@ex", b"am", b"ple.o", b"rg or ring +", b"1 2", b"02 5", b"55 01", b"47. Ca", b"rd 4", b"000 0",
            b"566 55", b"66 55", b"56, SS", b"N 21", b"9-0", b"9-99", b"99, IB", b"AN DE8", b"9 370", b"4 0044", b" 0532 01", b"30 00."],
    "json": [b'{"ans', b'wer": 42', b', "why": ', b'"six times', b' seven", ', b'"markup": "', b"<b>&am", b"p;</", b'b>"}'],
    "endless": [b"tick%d," % n for n in range(40)],  # starts again: ends by max_tokens or a closed connection only
    "empty": [],
}
ENDLESS = "endless"

MARKS = ["bos", "end", "system", "user", "assistant", "tool", "tools"]
SPECIALS = [f"<|{mark}|>" for mark in MARKS + list(SCRIPTS)]
FIRST_SPECIAL = 256  # token ids below are the 256 bytes
BOS, END = FIRST_SPECIAL, FIRST_SPECIAL + 1

HEADS, FEED_FORWARD, CONTEXT = 4, 64, 4096
ALIAS = "scripted"

# Picks the script by the tools and by the word "#name" in the last message. llama-server learns the forms of tool calls and
# of thinking from how a template renders past ones, so they are rendered although nobody reads them.
CHAT_TEMPLATE = """{{- '<|bos|>' -}}
{%- for tool in tools or [] -%}{{- '<|tools|>' + tool.function.name -}}{%- endfor -%}
{%- for message in messages -%}
{{- '<|' + message.role + '|>' -}}
{%- if message.reasoning_content is defined and message.reasoning_content -%}
{{- '<think>\\n' + message.reasoning_content + '\\n</think>\\n\\n' -}}
{%- endif -%}
{%- if message.content is string -%}{{- message.content -}}
{%- elif message.content -%}{%- for part in message.content -%}{{- part.text -}}{%- endfor -%}{%- endif -%}
{%- if message.tool_calls is defined and message.tool_calls -%}{%- for call in message.tool_calls -%}
{{- '<tool_call>\\n{"name": "' + call.function.name + '", "arguments": ' -}}
{%- if call.function.arguments is string -%}{{- call.function.arguments -}}
{%- else -%}{{- call.function.arguments | tojson -}}{%- endif -%}
{{- '}\\n</tool_call>' -}}
{%- endfor -%}{%- endif -%}
{%- if message.role == 'assistant' -%}{{- '<|end|>' -}}{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
{%- set last = messages[-1].content if messages[-1].content is string else messages[-1].content | tojson -%}
{%- if '#think' in last -%}{{- '<|think|>' -}}
{%- elif '#pii' in last -%}{{- '<|pii|>' -}}
{%- elif '#json' in last -%}{{- '<|json|>' -}}
{%- elif '#endless' in last -%}{{- '<|endless|>' -}}
{%- elif '#empty' in last -%}{{- '<|empty|>' -}}
{%- elif tools and messages[-1].role != 'tool' -%}{{- '<|call|>' -}}
{%- else -%}{{- '<|say|>' -}}{%- endif -%}
{%- endif -%}"""

# Ollama's templates cannot look into the text: each script is a model of its own there. Its parsers look for the same two
# forms, but only in branches named exactly like these.
OLLAMA_TEMPLATE = """<|bos|>{{ range .Tools }}<|tools|>{{ .Function.Name }}{{ end }}\
{{ range .Messages }}<|{{ .Role }}|>%(think)s{{ .Content }}%(call)s{{ end }}<|%(script)s|>"""
OLLAMA_THINK = "{{ if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}"
OLLAMA_CALL = """{{ if .ToolCalls }}<tool_call>
{{ range .ToolCalls }}{"name": "{{ .Function.Name }}", "arguments": {{ .Function.Arguments }}}{{ end }}
</tool_call>{{ end }}"""


def spelling():
    """The character that stands for each byte in a byte-level vocabulary: itself if printable, else one from 256 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    spare = iter(range(0x100, 0x200))
    return [chr(byte if byte in printable else next(spare)) for byte in range(256)]


def vocabulary():
    """All tokens, and for each that has one its successor."""
    letters = spelling()
    tokens, successor = letters + SPECIALS, {}
    for name, pieces in SCRIPTS.items():
        current, first = FIRST_SPECIAL + SPECIALS.index(f"<|{name}|>"), len(tokens)
        for piece in pieces:
            successor[current] = current = len(tokens)
            tokens.append("".join(letters[byte] for byte in piece))
        successor[current] = first if name == ENDLESS else END
    twice = {token for token in tokens if tokens.count(token) > 1}
    assert not twice, f"tokens in two places: {twice}"
    tokens += [f"<|pad{n}|>" for n in range(-len(tokens) % 64)]
    return tokens, successor


def matrix(width, height, cells):
    values = [0.0] * (width * height)
    for (column, row), value in cells.items():
        values[row * width + column] = value
    return (width, height), values


def tensors(size, successor):
    """RMS normalisation turns a one-hot embedding into sqrt(size), so every logit is 0 but the successor's 40."""
    say = successor[FIRST_SPECIAL + SPECIALS.index("<|say|>")]  # what follows a bare prompt, as in a completion
    table = {(token, successor.get(token, say)): 40 / size**0.5 for token in range(size)}
    ones = ((size,), [1.0] * size)
    square, up, down = matrix(size, size, {}), matrix(size, FEED_FORWARD, {}), matrix(FEED_FORWARD, size, {})
    return {
        "token_embd.weight": matrix(size, size, {(n, n): 1.0 for n in range(size)}),
        "output_norm.weight": ones,
        "output.weight": matrix(size, size, table),
        "blk.0.attn_norm.weight": ones,
        "blk.0.attn_q.weight": square,
        "blk.0.attn_k.weight": square,
        "blk.0.attn_v.weight": square,
        "blk.0.attn_output.weight": square,
        "blk.0.ffn_norm.weight": ones,
        "blk.0.ffn_gate.weight": up,
        "blk.0.ffn_up.weight": up,
        "blk.0.ffn_down.weight": down,
    }


def metadata(tokens):
    size, control = len(tokens), {True: 3, False: 1}
    return {
        "general.architecture": "llama",
        "general.name": ALIAS,
        "general.file_type": F32,
        "llama.context_length": CONTEXT,
        "llama.embedding_length": size,
        "llama.block_count": 1,
        "llama.feed_forward_length": FEED_FORWARD,
        "llama.attention.head_count": HEADS,
        "llama.attention.head_count_kv": HEADS,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.dimension_count": size // HEADS,
        "llama.vocab_size": size,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",  # one that never takes whole words from the vocabulary: a prompt is one token a byte
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": [control[token.startswith("<|")] for token in tokens],
        "tokenizer.ggml.merges": [f"{spelling()[0]} {spelling()[0]}"],  # must not be empty; merges what never occurs
        "tokenizer.ggml.bos_token_id": BOS,
        "tokenizer.ggml.eos_token_id": END,
        "tokenizer.ggml.add_bos_token": False,
        "tokenizer.chat_template": CHAT_TEMPLATE,
    }


def expected():
    """The oracle. `tokens` counts the pieces, without the end token."""
    text = {name: b"".join(pieces).decode() for name, pieces in SCRIPTS.items()}
    scripts = {name: {"text": text[name], "tokens": len(pieces)} for name, pieces in SCRIPTS.items()}
    call = json.loads(text["call"].removeprefix("<tool_call>").removesuffix("</tool_call>"))
    scripts["call"] |= call
    reasoning, answer = text["think"].removeprefix("<think>").split("</think>")
    scripts["think"] |= {"reasoning": reasoning.strip(), "answer": answer.strip()}
    scripts[ENDLESS]["pieces"] = [piece.decode() for piece in SCRIPTS[ENDLESS]]
    return {"model": ALIAS, "context": CONTEXT, "vocabulary": len(vocabulary()[0]), "scripts": scripts}


def modelfile(script):
    template = OLLAMA_TEMPLATE % {
        "script": script,
        "think": OLLAMA_THINK if script == "think" else "",
        "call": OLLAMA_CALL if script == "call" else "",
    }
    return f'FROM ./scripted.gguf\nTEMPLATE """{template}"""\nPARAMETER temperature 0\n'


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    tokens, successor = vocabulary()
    write_gguf(folder / "scripted.gguf", metadata(tokens), tensors(len(tokens), successor))
    (folder / "expected.json").write_text(json.dumps(expected(), ensure_ascii=False, indent=1) + "\n")
    for script in SCRIPTS:
        (folder / f"{ALIAS}-{script}.modelfile").write_text(modelfile(script))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} OUT_DIR")
    main(pathlib.Path(sys.argv[1]))
