"""The whole life of a specialist on one page: plain torch and transformers, no abstractions.

    python examples/one_file.py                       the bundled pizzeria, about ten minutes
    python examples/one_file.py --steps 2 --test 4    a quick look

What postgrad does, without what makes it fast and safe: read it to learn, run `postgrad train` to
work. Each part names the room of the project where its grown-up version lives.
"""

import argparse
import json
import math
import random
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

parser = argparse.ArgumentParser()
parser.add_argument("--base", help="folder of a base model (default: the cached smollm2-135m)")
parser.add_argument("--data", default="src/postgrad/bundled/pizzeria/rows.jsonl")
parser.add_argument("--steps", type=int, default=90)
parser.add_argument("--test", type=int, default=40)
options = parser.parse_args()

# 1. Start: a base model (models/)
if options.base is None:
    import postgrad

    options.base = postgrad.pull("smollm2-135m")["folder"]
tokenizer = AutoTokenizer.from_pretrained(options.base)
model = AutoModelForCausalLM.from_pretrained(options.base, dtype=torch.float32).eval()
model.requires_grad_(False)

# 2. Collect: examples, split so that nothing is both learned and tested (data/)
examples = [json.loads(line)["messages"] for line in Path(options.data).open()]
random.Random(0).shuffle(examples)
test, train = examples[: options.test], examples[options.test :]


# 3. Render: the prompt exactly as at inference, then the answer and its stop token; only the
#    answer is taught (data/render.py)
def prompt_tokens(messages):
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    return tokenizer(text, add_special_tokens=False)["input_ids"]


def answer_tokens(messages):
    prompt = tokenizer.apply_chat_template(
        messages[:-1], tokenize=False, add_generation_prompt=True
    )
    whole = tokenizer.apply_chat_template(messages, tokenize=False)
    answer = whole[len(prompt) :].rstrip("\n")  # the template ends with the stop token
    return tokenizer(answer, add_special_tokens=False)["input_ids"]


rows = [(prompt_tokens(chat[:-1]), answer_tokens(chat)) for chat in train]
stop = rows[0][1][-1]


# 4. Test, before: the base model answers the held-out questions (evals/, engine/generate.py)
@torch.no_grad()
def answer(messages, limit=100):
    tokens = torch.tensor([prompt_tokens(messages)])
    output = model.generate(
        tokens,
        attention_mask=torch.ones_like(tokens),
        max_new_tokens=limit,
        do_sample=False,
        eos_token_id=stop,
        pad_token_id=stop,
    )
    return tokenizer.decode(output[0, tokens.shape[1] :], skip_special_tokens=True)


def is_right(text, reference):
    """Right if the JSON names the same intent; postgrad itself scores every field."""
    try:
        return json.loads(text)["intent"] == json.loads(reference)["intent"]
    except (ValueError, KeyError, TypeError):
        return False


def examine():
    return [is_right(answer(chat[:-1]), chat[-1]["content"]) for chat in test]


before = examine()
print(f"base: {sum(before)} of {len(test)} right")


# 5. Train: LoRA by hand, y = x W' + 2 (x A') B' on every linear layer (methods/lora/, training/)
class Lora(torch.nn.Module):
    def __init__(self, base, rank=16, scale=2.0):
        super().__init__()
        self.base, self.scale = base, scale
        bound = 1 / math.sqrt(base.in_features)
        self.a = torch.nn.Parameter(torch.empty(rank, base.in_features).uniform_(-bound, bound))
        self.b = torch.nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, x):
        return self.base(x) + self.scale * (x @ self.a.T) @ self.b.T


torch.manual_seed(0)
for name, module in list(model.named_modules()):
    if isinstance(module, torch.nn.Linear) and not name.endswith("lm_head"):
        parent, _, last = name.rpartition(".")
        setattr(model.get_submodule(parent), last, Lora(module))
trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
optimizer = torch.optim.AdamW(trained, weight_decay=0.0)

for step in range(options.steps):
    batch = random.Random(step).sample(rows, min(8, len(rows)))
    count = sum(len(taught) for _, taught in batch)
    total = 0.0
    for prompt, taught in batch:  # one row at a time: no padding, no masks, and slow
        tokens = torch.tensor([prompt + taught])
        logits = model(tokens).logits[0, len(prompt) - 1 : -1]
        loss = torch.nn.functional.cross_entropy(logits, tokens[0, len(prompt) :], reduction="sum")
        (loss / count).backward()  # the mean over the whole step's taught tokens
        total += loss.item()
    warmth = min(1.0, (step + 1) / 5) * (1 - step / options.steps)
    optimizer.param_groups[0]["lr"] = 1e-3 * warmth
    torch.nn.utils.clip_grad_norm_(trained, 1.0)
    optimizer.step()
    optimizer.zero_grad()
    print(f"step {step + 1}/{options.steps}: loss {total / count:.3f}")

# 6. Test, after: the same questions, compared pair by pair with McNemar's exact test
#    (evals/statistics.py)
after = examine()
fixed = sum(new and not old for old, new in zip(before, after, strict=True))
broken = sum(old and not new for old, new in zip(before, after, strict=True))
changed = fixed + broken
tail = sum(math.comb(changed, k) for k in range(min(fixed, broken) + 1)) / 2**changed
print(
    f"tuned: {sum(after)} of {len(test)} right; fixed {fixed}, broke {broken}, "
    f"p = {min(1.0, 2 * tail):.2g}"
)

# 7. Use it
for chat in test[:3]:
    print("\n>", chat[-2]["content"], "\n<", answer(chat[:-1]))
