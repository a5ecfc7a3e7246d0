"""An OpenAI-compatible server on this machine: completions with echo and logprobs, chat, and faults on demand."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import deque
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol, Self


class Answers(Protocol):
    """What the server serves."""

    def echo(self, tokens: Sequence[int]) -> tuple[list[float | None], list[dict[str, float] | None]]:
        """Log-probability of every token and of one more, and of the likeliest at its place; None for the first."""

    def generate(self, text: str, tokens: int) -> str:
        """Text after a text."""


class HashAnswers:
    """Numbers made of hashes: needs no torch."""

    def echo(self, tokens: Sequence[int]) -> tuple[list[float | None], list[dict[str, float] | None]]:
        likeliest = -0.1
        values = [-1.0 - 5.0 * self._number(tokens[: n + 1]) for n in range(1, len(tokens))] + [likeliest]
        return [None, *values], [None, *({"x": likeliest} for _ in values)]

    def generate(self, text: str, tokens: int) -> str:
        return f"{'abcdefghijklmnopqrstuvwxyz'[int(26 * self._number([len(text)]))]} said {len(text)}"

    def _number(self, tokens: Sequence[int]) -> float:
        return int(hashlib.sha256(repr(list(tokens)).encode()).hexdigest()[:12], 16) / 16**12


class TinyAnswers:
    """A saved Hugging Face model."""

    def __init__(self, folder: Path) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer  # type: ignore[import-not-found,unused-ignore]

        self.model = AutoModelForCausalLM.from_pretrained(folder).float().eval()
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.lock = threading.Lock()

    def echo(self, tokens: Sequence[int]) -> tuple[list[float | None], list[dict[str, float] | None]]:
        import torch  # type: ignore[import-not-found,unused-ignore]

        with self.lock, torch.no_grad():
            logprobs = torch.log_softmax(self.model(torch.tensor([list(tokens)])).logits[0], dim=-1)
        best = logprobs.max(dim=-1)
        following = [*tokens[1:], int(best.indices[-1])]
        values = [float(logprobs[n, token]) for n, token in enumerate(following)]
        tops = [{str(int(best.indices[n])): float(best.values[n])} for n in range(len(following))]
        return [None, *values], [None, *tops]

    def generate(self, text: str, tokens: int) -> str:
        import torch

        prompt = self.tokenizer(text, return_tensors="pt").input_ids[:, -200:]
        with self.lock, torch.no_grad():
            whole = self.model.generate(prompt, max_new_tokens=tokens, do_sample=False, pad_token_id=2)
        return str(self.tokenizer.decode(whole[0, prompt.shape[1] :], skip_special_tokens=True))


class Loopback:
    """The server; runs inside its `with` block.

    Attributes:
        requests: path and payload of each request that came, failed ones included.
        times: when each came.
        faults: what the next requests meet instead of an answer: a status, `(status, Retry-After)`, or "drop".
        lacking: what answers go without: "logprobs", "echo", "top_logprobs", "usage", "choices", "message".
        extra_tokens: tokens that the server echoes beside those that were sent.
        delay: seconds before each answer.
        keys: the `Authorization` header of each request.
    """

    def __init__(self, answers: Answers | None = None) -> None:
        self.answers: Answers = answers or HashAnswers()
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.times: list[float] = []
        self.keys: list[str | None] = []
        self.faults: deque[Any] = deque()
        self.message = "the server has a bad\nday"
        self.lacking: set[str] = set()
        self.extra_tokens = 0
        self.delay = 0.0
        self.in_flight = self.most_in_flight = 0
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    @property
    def completions(self) -> list[dict[str, Any]]:
        """Payloads of the requests but for lm-eval's questions about the tokenizer."""
        return [payload for path, payload in self.requests if path.endswith("completions")]

    def fault(self) -> Any:
        with self._lock:
            return self.faults.popleft() if self.faults else None

    def note(self, path: str, payload: dict[str, Any], key: str | None) -> None:
        with self._lock:
            self.requests.append((path, payload))
            self.times.append(time.monotonic())
            self.keys.append(key)
            self.in_flight += 1
            self.most_in_flight = max(self.in_flight, self.most_in_flight)

    def done(self) -> None:
        with self._lock:
            self.in_flight -= 1

    def respond(self, path: str, payload: dict[str, Any]) -> dict[str, Any]:
        if "choices" in self.lacking:
            return {"object": "error", "error": None}
        chat = path.endswith("chat/completions")
        made = [self._chat(payload)] if chat else [self._completion(prompt, payload) for prompt in _prompts(payload)]
        choices = [{"index": n, "finish_reason": "length", **choice} for n, (choice, _) in enumerate(made)]
        sent = sum(count for _, count in made)
        usage = {"prompt_tokens": sent, "completion_tokens": len(made), "total_tokens": sent + len(made)}
        return {"id": "x", "choices": choices, **({} if "usage" in self.lacking else {"usage": usage})}

    def _chat(self, payload: dict[str, Any]) -> tuple[dict[str, Any], int]:
        text = "\n".join(f"{message['role']}: {message['content']}" for message in payload["messages"])
        said = self.answers.generate(text, payload["max_tokens"])
        return ({} if "message" in self.lacking else {"message": {"role": "assistant", "content": said}}), len(text)

    def _completion(self, prompt: Any, payload: dict[str, Any]) -> tuple[dict[str, Any], int]:
        if not payload.get("echo"):
            text = prompt if isinstance(prompt, str) else " ".join(map(str, prompt))
            return {"text": self.answers.generate(text, payload["max_tokens"])}, len(prompt)
        values, tops = self.answers.echo([*prompt, *[5] * self.extra_tokens])
        if "echo" in self.lacking:
            values, tops = values[-1:], tops[-1:]
        logprobs: dict[str, Any] = {"token_logprobs": values, "top_logprobs": tops}
        if "top_logprobs" in self.lacking:
            del logprobs["top_logprobs"]
        return {"text": "", "logprobs": None if "logprobs" in self.lacking else logprobs}, len(prompt)


def _prompts(payload: dict[str, Any]) -> list[Any]:
    prompt = payload["prompt"]
    return [prompt] if isinstance(prompt, str) or isinstance(prompt[0], int) else list(prompt)


def _handler(loopback: Loopback) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            self._send(404, {"error": "not found"})

        def do_POST(self) -> None:
            payload = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            loopback.note(self.path, payload, self.headers.get("Authorization"))
            try:
                self._answer(payload)
            finally:
                loopback.done()

        def _answer(self, payload: dict[str, Any]) -> None:
            fault = loopback.fault()
            if fault == "drop":
                self.close_connection = True
                self.connection.close()
                return
            if fault is not None:
                status, after = fault if isinstance(fault, tuple) else (fault, None)
                self._send(status, {"error": {"message": loopback.message}}, after)
                return
            time.sleep(loopback.delay)
            self._send(200, loopback.respond(self.path, payload))

        def _send(self, status: int, document: dict[str, Any], retry_after: Any = None) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if retry_after is not None:
                self.send_header("Retry-After", str(retry_after))
            self.end_headers()
            self.wfile.write(body)

    return Handler
