"""Says hello with python-socketio, waits for the answer, and prints what it was told as JSON."""

import json
import queue
import sys

import socketio

url, token, recipient, transports = sys.argv[1:]
transports = transports.split(",")


def refusal():
    """The message with which a bad token is refused."""
    told = queue.Queue()
    client = socketio.Client(reconnection=False)
    client.on("connect_error", told.put)
    try:
        client.connect(url, auth={"token": "bad"}, transports=transports)
    except socketio.exceptions.ConnectionError:
        pass
    data = told.get(timeout=5)
    return data["message"] if isinstance(data, dict) else data


def main():
    received = queue.Queue()
    client = socketio.Client(reconnection=False)
    client.on("message.new", lambda message, position: received.put((message, position)))
    client.connect(url, auth={"token": token}, transports=transports)
    message = {"recipientId": recipient, "content": "Hello from Python", "type": "text"}
    ack = client.call("message.new", message, timeout=5)
    answer, position = received.get(timeout=5)
    transport = client.transport()
    client.disconnect()
    print(json.dumps({
        "ack": ack,
        "message": answer,
        "position": position,
        "transport": transport,
        "refused": refusal(),
    }))


main()
