"""Does with python-socketio what mode kit offers, and prints what it was told as JSON."""

import base64
import json
import queue
import sys

import socketio

url, token, transports = sys.argv[1:]
transports = transports.split(",")


def plain(value):
    """The value with its bytes as text, for JSON."""
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, (list, tuple)):
        return [plain(element) for element in value]
    if isinstance(value, dict):
        return {key: plain(element) for key, element in value.items()}
    return value


def refusal(auth, namespace="/"):
    """The message with which a connection is refused."""
    told = queue.Queue()
    client = socketio.Client(reconnection=False)
    client.on("connect_error", told.put, namespace=namespace)
    client.connect(url, auth=auth, transports=transports, namespaces=[namespace], wait=False)
    data = told.get(timeout=5)
    client.disconnect()
    return data["message"] if isinstance(data, dict) else data


def talk(namespace):
    """Events, acknowledgements and binary, both ways."""
    received = queue.Queue()
    client = socketio.Client(reconnection=False)
    client.on("message-back", lambda *args: received.put(args), namespace=namespace)
    client.on("answer-was", lambda *args: received.put(args), namespace=namespace)
    client.on("question", lambda *args: ("the answer to", *args), namespace=namespace)
    client.connect(url, auth={"token": token}, transports=transports, namespaces=[namespace])

    def back(event, data):
        client.emit(event, data, namespace=namespace)
        return received.get(timeout=5)

    photo = {"name": "boat", "bytes": b"\x00\xfe\xff", "tiles": [b"", b"x" * 1000]}
    told = {
        "event": back("message", ("one", 2, {"three": [None, "é😀"]})),
        "binary": back("message", photo),
        "ack": client.call("message-with-ack", ("one", 2), namespace=namespace, timeout=5),
        "binary ack": client.call("message-with-ack", photo, namespace=namespace, timeout=5),
        "answer": back("ask-me", "what?"),
        "binary answer": back("ask-me", photo),
        "transport": client.transport(),
    }
    client.disconnect()
    return plain(told)


print(json.dumps({
    "main": talk("/"),
    "custom": talk("/custom"),
    "wrong": refusal({"token": "bad"}),
    "missing": refusal(None),
    "unknown": refusal({"token": token}, "/random"),
}))
